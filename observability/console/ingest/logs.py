"""Storing lines of logs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from opentelemetry.proto.logs.v1.logs_pb2 import SeverityNumber
from sqlalchemy import Connection

from observability.console.ingest.forms import Group
from observability.console.ingest.resources import Resource
from observability.console.ingest.rows import rows
from observability.console.ingest.stored import Stored
from observability.console.ingest.values import attributes, encoded, moment, plain, short, text

_ADD = """
INSERT INTO logs (trace_id, span_id, resource, time_ns, severity, level, logger, body, attributes)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""

# OTLP has four shades of each level.
_LEVELS = ("trace", "debug", "info", "warn", "error", "fatal")
_LAST = max(SeverityNumber.values())

_IDS = {(0, 0), (16, 0), (16, 8)}

LogRow = tuple[bytes, bytes, int, int, int, str, str, str, str]


def store_logs(connection: Connection, groups: Iterable[Group]) -> Stored:
    """Store all of them: a line has nothing by which one could tell that it was there before."""
    stored = Stored()
    for chunk in rows(connection, groups, log_rows, stored):
        connection.exec_driver_sql(_ADD, list(chunk))
        stored.new += len(chunk)
    return stored


def log_rows(group: Group, resource: Resource) -> Iterator[LogRow | None]:
    """A row for each line; None for one whose ids are none."""
    logger = short(group.scope)
    for line in group.records:
        if (len(line.trace_id), len(line.span_id)) not in _IDS:
            yield None
            continue
        number = min(max(int(line.severity_number or 0), 0), _LAST)
        yield (
            line.trace_id,
            line.span_id,
            resource.id,
            moment(line.time_unix_nano or line.observed_time_unix_nano),
            number,
            _LEVELS[(number - 1) // 4] if number else short(line.severity_text.lower()),
            logger,
            text(plain(line.body)),
            encoded(attributes(line.attributes)),
        )
