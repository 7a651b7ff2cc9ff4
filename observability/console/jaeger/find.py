"""Which traces, services and operations Jaeger's API is asked for, with bounded work."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Text, case, cast, column, exists, func, or_, select

from observability.console.jaeger.query import Search
from observability.console.reading.room import Room
from observability.console.reading.trace import SPANS_MAX, spans_of
from observability.console.store.schema import MEMBERS, RESOURCES, SPANS, TRACES

# Of one answer: traces are left out rather than cut.
_SPANS_MAX = 10_000
# The traces of a service whose operations are listed.
_LATEST = 1_000


def operations(connection: Connection, service: str) -> list[tuple[str, str]]:
    """What the spans of a service are called, with their kinds, as far as they were seen lately."""
    latest = (
        select(TRACES.c.trace_id)
        .join(MEMBERS, MEMBERS.c.trace == TRACES.c.id)
        .where(MEMBERS.c.service == service)
        .order_by(MEMBERS.c.trace.desc())
        .limit(_LATEST)
    )
    named = (
        select(SPANS.c.name, SPANS.c.kind)
        .where(SPANS.c.trace_id.in_(latest), SPANS.c.resource.in_(_resources(service)))
        .distinct()
        .order_by(SPANS.c.name, SPANS.c.kind)
    )
    return [(name, kind) for name, kind in connection.execute(named)]


def matching(connection: Connection, search: Search) -> list[bytes]:
    """The ids of the latest traces that have a span as it is wanted."""
    one = exists().where(SPANS.c.trace_id == TRACES.c.trace_id, *_conditions(search))
    member = exists().where(MEMBERS.c.trace == TRACES.c.id, MEMBERS.c.service == search.service)
    found = (
        select(TRACES.c.trace_id)
        .where(TRACES.c.start_ns <= search.end_ns, TRACES.c.end_ns >= search.start_ns, member, one)
        .order_by(TRACES.c.start_ns.desc(), TRACES.c.id.desc())
        .limit(search.limit)
    )
    return list(connection.execute(found).scalars())


def read(connection: Connection, trace_ids: Iterable[bytes]) -> Iterator[tuple[bytes, Sequence[Row[Any]]]]:
    """The spans of each trace that is here, until there are too many; only the first one is cut."""
    room = Room()
    total = 0
    for trace_id in trace_ids:
        spans = spans_of(connection, trace_id, SPANS_MAX, room)
        total += len(spans)
        if total > _SPANS_MAX or (room.full and total > len(spans)):
            return
        if spans:
            yield trace_id, spans


def _resources(service: str) -> Any:
    return select(RESOURCES.c.id).where(RESOURCES.c.service == service)


def _conditions(search: Search) -> Iterator[ColumnElement[bool]]:
    lasted = SPANS.c.end_ns - SPANS.c.start_ns
    yield SPANS.c.resource.in_(_resources(search.service))
    yield SPANS.c.start_ns.between(search.start_ns, search.end_ns)
    if search.operation:
        yield SPANS.c.name == search.operation
    if search.min_ns:
        yield lasted >= search.min_ns
    if search.max_ns:
        yield lasted <= search.max_ns
    for key, value in search.tags.items():
        yield _tagged(key, value)


def _tagged(key: str, value: str) -> ColumnElement[bool]:
    """Whether a span, or its process, has an attribute of that text; two of Jaeger's tags are no attributes here."""
    if key == "error" and value in {"true", "false"}:
        return (SPANS.c.failed != 0) == (value == "true")
    if key == "span.kind":
        return SPANS.c.kind == value
    processes = select(RESOURCES.c.id).where(_has(RESOURCES.c.attributes, key, value))
    return or_(_has(SPANS.c.attributes, key, value), SPANS.c.resource.in_(processes))


def _has(document: Any, key: str, value: str) -> ColumnElement[bool]:
    pairs = func.json_each(document).table_valued(column("key"), column("value"), column("type"))
    said: ColumnElement[str] = cast(pairs.c.value, Text)
    if value in {"true", "false"}:
        said = case((pairs.c.type.in_(["true", "false"]), pairs.c.type), else_=said)  # whose values are 1 and 0
    return exists().where(pairs.c.key == key, said == value)
