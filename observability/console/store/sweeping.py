"""Deleting in steps, each of them short, so that what comes in never waits long for the one writer."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, delete, func, select, union

from observability.console.ingest.resources import forget
from observability.console.store.arrivals import last_before, start_over
from observability.console.store.excess import KINDS, POINTS_S, Extent, Kind, Pages
from observability.console.store.schema import LOGS, MEMBERS, METADATA, POINTS, RESOURCES, SPANS, TRACES

# Rows of a step: some ten milliseconds' work.
_ROWS = 500
# A megabyte of pages.
_PAGES = 256

# With more resources than that, those are looked for that nothing refers to any more: which reads everything.
_RESOURCES = 1_000

_REFERRING = (SPANS, LOGS, POINTS)


def extents(connection: Connection, now: float, keep_s: float) -> dict[Kind, Extent]:
    """What there is."""
    found: dict[Kind, Extent] = {}
    for kind in KINDS:
        number = METADATA.tables[kind].c.id
        first, last = (connection.execute(select(end(number))).scalar() or 0 for end in (func.min, func.max))
        age_s = min(keep_s, POINTS_S) if kind == "points" else keep_s
        found[kind] = Extent(first, last, last_before(connection, kind, now - age_s))
    return found


def pages(connection: Connection) -> Pages:
    """How large the file is, with what still stands in the write-ahead log."""
    names = ("page_count", "freelist_count", "page_size")
    return Pages(*(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in names))


def sweep(connection: Connection, kind: Kind, upto: int) -> bool:
    """Delete some of *kind*, the first first, and of none above *upto*. Returns whether there may be more."""
    number = METADATA.tables[kind].c.id
    if kind == "traces":
        more = _sweep_traces(connection, upto)
    else:
        first = select(number).where(number <= upto).order_by(number).limit(_ROWS)
        more = connection.execute(delete(number.table).where(number.in_(first))).rowcount == _ROWS
    if not more and connection.execute(select(func.max(number))).scalar() is None:
        start_over(connection, kind)
    return more


def _sweep_traces(connection: Connection, upto: int) -> bool:
    """A trace goes with its spans; one that has more than a step may delete goes at the last of several steps."""
    first = select(TRACES.c.id, TRACES.c.trace_id, TRACES.c.spans).where(TRACES.c.id <= upto).order_by(TRACES.c.id)
    traces: dict[int, bytes] = {}
    room = _ROWS
    for number, trace_id, spans in connection.execute(first.limit(_ROWS)):
        if traces and spans > room:
            break
        traces[number] = trace_id
        room -= spans
    if not traces:
        return False
    spans_of = select(SPANS.c.id).where(SPANS.c.trace_id.in_(traces.values())).limit(_ROWS)
    if connection.execute(delete(SPANS).where(SPANS.c.id.in_(spans_of))).rowcount < _ROWS:
        connection.execute(delete(MEMBERS).where(MEMBERS.c.trace.in_(traces)))
        connection.execute(delete(TRACES).where(TRACES.c.id.in_(traces)))
    return True


def shrink(connection: Connection) -> bool:
    """Give some empty pages back to the file system. Returns whether there may be more."""
    surplus = pages(connection).surplus
    # The pragma frees a page each time that it is asked for a row, and Python's driver asks once.
    cursor = connection.connection.cursor()
    for _ in range(min(surplus, _PAGES)):
        cursor.execute("PRAGMA incremental_vacuum(1)")
    # Before the commit: what was asked only once is not at its end.
    cursor.close()
    return surplus > _PAGES


def unused(connection: Connection) -> tuple[list[int], Mapping[str, int]]:
    """Resources to which nothing refers, if there are many at all; and the last rows that were looked at."""
    if connection.execute(select(func.count()).select_from(RESOURCES)).scalar_one() <= _RESOURCES:
        return [], {}
    last = {table.name: connection.execute(select(func.max(table.c.id))).scalar() or 0 for table in _REFERRING}
    used = union(*(select(table.c.resource) for table in _REFERRING))
    return list(connection.execute(select(RESOURCES.c.id).where(RESOURCES.c.id.not_in(used))).scalars()), last


def drop(connection: Connection, resources: list[int], last: Mapping[str, int]) -> None:
    """Delete *resources*, but for those to which something refers that came after *last*."""
    used = union(*(select(table.c.resource).where(table.c.id > last[table.name]) for table in _REFERRING))
    connection.execute(delete(RESOURCES).where(RESOURCES.c.id.in_(resources), RESOURCES.c.id.not_in(used)))
    forget(connection)
