"""Storing spans, and keeping the summary of each trace true to them.

Spans come in any order, by halves, and again: what is new is told by the database, and only that counts. A trace lasts
as long as its root; for as long as there is none, from the first beginning to the last end. A clock that is wrong by
days would spoil every list, so what a summary says is within a window around the time of arrival.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Connection

from observability.console.ingest.forms import Group
from observability.console.ingest.resources import Resource
from observability.console.ingest.rows import chunks, rows
from observability.console.ingest.spans import SpanRow, span_rows
from observability.console.ingest.stored import Stored
from observability.console.ingest.window import Window

# A request without end; a page could not show more of it either.
MAX_SPANS = 10_000
# SQLite binds at most 32,766 values in one statement.
_ASKED = 1_000

_ADD_SPAN = """
INSERT OR IGNORE INTO spans (trace_id, span_id, parent_id, resource, name, kind, start_ns, end_ns, failed, route,
status, peer, attempt, attributes, events, links) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""

_ADD_TRACE = """
INSERT INTO traces (trace_id, start_ns, end_ns, spans, errors, retries, rooted, service, name, route, status)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (trace_id) DO UPDATE SET
start_ns = CASE WHEN excluded.rooted > rooted THEN excluded.start_ns WHEN rooted THEN start_ns
ELSE min(start_ns, excluded.start_ns) END,
end_ns = CASE WHEN excluded.rooted > rooted THEN excluded.end_ns WHEN rooted THEN end_ns
ELSE max(end_ns, excluded.end_ns) END,
spans = spans + excluded.spans,
errors = errors + excluded.errors, retries = retries + excluded.retries, rooted = max(rooted, excluded.rooted),
service = iif(excluded.rooted > rooted, excluded.service, service),
name = iif(excluded.rooted > rooted, excluded.name, name),
route = iif(excluded.rooted > rooted, excluded.route, route),
status = iif(excluded.rooted > rooted, excluded.status, status)"""

_ADD_MEMBER = """
INSERT INTO members (trace, service, spans) SELECT id, ?, ? FROM traces WHERE trace_id = ?
ON CONFLICT (trace, service) DO UPDATE SET spans = spans + excluded.spans"""


def store_spans(connection: Connection, groups: Iterable[Group], window: Window) -> Stored:
    """Store what is new of them; *window* is for the summaries, and spans keep their own times."""
    services: dict[int, str] = {}
    stored = Stored()

    def build(group: Group, speaker: Resource) -> Iterator[SpanRow | None]:
        services[speaker.id] = speaker.service
        return span_rows(group, speaker)

    for chunk in rows(connection, groups, build, stored):
        kept = _within_limit(connection, chunk)
        new = _insert(connection, kept)
        stored.dropped += len(chunk) - len(kept)
        stored.new += len(new)
        _summarize(connection, new, services, window)
    return stored


def _within_limit(connection: Connection, chunk: Sequence[SpanRow]) -> Sequence[SpanRow]:
    """Those of *chunk* for which there is room in their traces."""
    ids = {row[0] for row in chunk}
    spans = dict.fromkeys(ids, 0)
    for asked in chunks(ids, _ASKED):
        marks = ",".join("?" * len(asked))
        known = connection.exec_driver_sql(
            f"SELECT trace_id, spans FROM traces WHERE trace_id IN ({marks})",  # noqa: S608 - question marks
            tuple(asked),
        )
        spans.update((trace_id, number) for trace_id, number in known)
    kept = []
    for row in chunk:
        if spans[row[0]] < MAX_SPANS:
            spans[row[0]] += 1
            kept.append(row)
    return kept


def _insert(connection: Connection, chunk: Sequence[SpanRow]) -> Sequence[SpanRow]:
    """Insert *chunk*, and return those that were not there yet."""
    if not chunk:
        return chunk
    last = connection.exec_driver_sql("SELECT coalesce(max(id), 0) FROM spans").scalar_one()
    if connection.exec_driver_sql(_ADD_SPAN, list(chunk)).rowcount == len(chunk):
        return chunk
    added = connection.exec_driver_sql("SELECT trace_id, span_id FROM spans WHERE id > ?", (last,))
    new = {(trace_id, span_id) for trace_id, span_id in added}
    first = {row[:2]: row for row in reversed(chunk)}
    return [row for row in chunk if row[:2] in new and first[row[:2]] is row]


def _summarize(connection: Connection, chunk: Sequence[SpanRow], services: dict[int, str], window: Window) -> None:
    """Add *chunk*, all of it new, to its traces."""
    traces: dict[bytes, list[SpanRow]] = {}
    members: Counter[tuple[str, bytes]] = Counter()
    for row in chunk:
        traces.setdefault(row[0], []).append(row)
        members[services[row[3]], row[0]] += 1
    if traces:
        connection.exec_driver_sql(_ADD_TRACE, [_summary(spans, services, window) for spans in traces.values()])
        connection.exec_driver_sql(_ADD_MEMBER, [(name, spans, of) for (name, of), spans in members.items()])


def _summary(spans: Sequence[SpanRow], services: dict[int, str], window: Window) -> tuple[object, ...]:
    # The root; or what began first, for as long as there is none.
    head = min(spans, key=_rank)
    rooted = head[2] == b""
    start = window.believed(head[6] if rooted else min([row[6] for row in spans]))
    return (
        head[0],
        start,
        max(start, window.believed(head[7] if rooted else max([row[7] for row in spans]))),
        len(spans),
        sum([_is_error(row) for row in spans]),
        sum([row[12] > 1 for row in spans]),
        rooted,
        services[head[3]],
        head[4],
        head[9],
        head[10],
    )


def _is_error(row: SpanRow) -> bool:
    """As on the map: a 5xx, whatever its span says of itself; and a 4xx is an answer."""
    status = row[10] or 0
    return status >= 500 or (row[8] and not 400 <= status < 500)


def _rank(row: SpanRow) -> tuple[bool, int]:
    return row[2] != b"", row[6]
