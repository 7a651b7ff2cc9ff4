"""What the console says of itself: what came, what was lost, what is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table, func, select

from observability.console.reading.figures import MS_NS
from observability.console.store.schema import LOGS, POINTS, SPANS, TRACES

_SIGNALS = ("traces", "logs", "metrics")
_TABLES = (TRACES, SPANS, LOGS, POINTS)

# What is known while the database is away.
NOTHING: Mapping[str, Any] = {"stored": {table.name: 0 for table in _TABLES}, "bytes": 0, "oldest_ms": None}


def kept(connection: Connection) -> dict[str, Any]:
    """How much is stored, and since when."""
    oldest = connection.execute(select(func.min(TRACES.c.start_ns))).scalar_one()
    pages, size = (connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("page_count", "page_size"))
    return {
        "stored": {table.name: counts(connection, table) for table in _TABLES},
        "bytes": pages * size,
        "oldest_ms": None if oldest is None else oldest / MS_NS,
    }


def counts(connection: Connection, table: Table) -> int:
    """How many rows a table has."""
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def counted(items: Mapping[str, int]) -> dict[str, int]:
    """A count of each signal, those of which none came among them."""
    return {signal: items.get(signal, 0) for signal in _SIGNALS}
