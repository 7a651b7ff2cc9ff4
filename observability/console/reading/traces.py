"""The list of traces, newest first, and what it can be narrowed by."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, exists, or_, select, tuple_

from observability.console.reading import names
from observability.console.reading.query import TracesQuery
from observability.console.reading.status import counts
from observability.console.reading.trace import parsed
from observability.console.store.schema import LOGS, MEMBERS, RESOURCES, SPANS, TRACES

_TRACE_ID = re.compile(r"[0-9a-fA-F]{32}")
_MINUTE_NS = 60 * 10**9
# Clocks of senders may be ahead of ours; what began later than this did not.
_AHEAD_NS = 5 * _MINUTE_NS
_MS_NS = 10**6


def list_traces(connection: Connection, query: TracesQuery, now_ns: int) -> dict[str, Any]:
    """One page, with what the filters may be set to.

    A page begins after the last trace of the one before, not at a count: what comes meanwhile moves nothing.
    """
    newest = TRACES.select().order_by(TRACES.c.start_ns.desc(), TRACES.c.id.desc())
    found = connection.execute(newest.where(*_conditions(query, now_ns)).limit(query.limit + 1)).all()
    page = found[: query.limit]
    more = len(found) > query.limit
    return {
        "traces": _shown(connection, page),
        "next": f"{page[-1].start_ns}-{page[-1].id}" if more else "",
        "services": services(connection),
        "routes": _routes(connection),
        "stored": stored(connection),
    }


def stored(connection: Connection) -> dict[str, int]:
    """How many traces and spans there are."""
    return {table.name: counts(connection, table) for table in (TRACES, SPANS)}


def _conditions(query: TracesQuery, now_ns: int) -> Iterator[ColumnElement[bool]]:
    of_trace = SPANS.c.trace_id == TRACES.c.trace_id
    if query.service:
        yield exists().where(MEMBERS.c.trace == TRACES.c.id, MEMBERS.c.service == query.service)
    if query.route:
        yield exists().where(of_trace, SPANS.c.route == query.route)
    if query.errors == "1":
        yield TRACES.c.errors > 0
    if query.retries == "1":
        yield TRACES.c.retries > 0
    if query.min_ms:
        yield TRACES.c.end_ns - TRACES.c.start_ns >= int(query.min_ms * _MS_NS)
    if query.minutes:
        yield TRACES.c.start_ns.between(now_ns - query.minutes * _MINUTE_NS, now_ns + _AHEAD_NS)
    if query.before:
        yield tuple_(TRACES.c.start_ns, TRACES.c.id) < tuple_(*query.before)
    if _TRACE_ID.fullmatch(query.q):
        yield TRACES.c.trace_id == bytes.fromhex(query.q)
    elif query.q:
        yield or_(
            exists().where(of_trace, _says(query.q)),
            exists().where(LOGS.c.trace_id == TRACES.c.trace_id, LOGS.c.body.icontains(query.q, autoescape=True)),
        )


def _says(words: str) -> ColumnElement[bool]:
    """Whether a span has *words* anywhere in it, or comes from somebody of that name."""
    within = json.dumps(words, ensure_ascii=False)[1:-1]  # as they stand in a document
    speakers = select(RESOURCES.c.id).where(
        or_(*(column.icontains(words, autoescape=True) for column in (RESOURCES.c.service, RESOURCES.c.instance)))
    )
    return or_(
        SPANS.c.name.icontains(words, autoescape=True),
        SPANS.c.route.icontains(words, autoescape=True),
        SPANS.c.attributes.icontains(within, autoescape=True),
        and_(SPANS.c.events != "", SPANS.c.events.icontains(within, autoescape=True)),
        SPANS.c.resource.in_(speakers),
    )


def services(connection: Connection) -> list[str]:
    """Every service of which there are spans."""
    has_any = exists().where(MEMBERS.c.service == RESOURCES.c.service)
    names = select(RESOURCES.c.service).where(has_any).distinct().order_by(RESOURCES.c.service)
    return list(connection.execute(names).scalars())


def _routes(connection: Connection) -> list[str]:
    routes = select(SPANS.c.route).where(SPANS.c.route != "").distinct().order_by(SPANS.c.route).limit(500)
    return list(connection.execute(routes).scalars())


def _shown(connection: Connection, page: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    members: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    wanted = MEMBERS.select().where(MEMBERS.c.trace.in_([trace.id for trace in page]))
    for member in connection.execute(wanted.order_by(MEMBERS.c.spans.desc(), MEMBERS.c.service)):
        members[member.trace].append({"name": member.service, "spans": member.spans})
    paths = _paths(connection, [trace.trace_id for trace in page])
    return [
        {
            "id": trace.trace_id.hex(),
            "start_ms": trace.start_ns / _MS_NS,
            "duration_ms": max(0, trace.end_ns - trace.start_ns) / _MS_NS,
            "service": trace.service,
            "name": trace.name,
            "rooted": bool(trace.rooted),
            "route": trace.route,
            "path": paths.get(trace.trace_id, ""),
            "status": trace.status,
            "spans": trace.spans,
            "errors": trace.errors,
            "retries": trace.retries,
            "services": members[trace.id],
        }
        for trace in page
    ]


def _paths(connection: Connection, traces: Sequence[bytes]) -> dict[bytes, str]:
    """What the roots of *traces* were asked for: a route may lead everywhere, like that of a gateway."""
    roots = (
        select(SPANS.c.trace_id, SPANS.c.attributes)
        .where(SPANS.c.trace_id.in_(traces), SPANS.c.parent_id == b"")
        .order_by(SPANS.c.start_ns.desc())
    )
    return {root.trace_id: str(parsed(root.attributes).get(names.URL_PATH, "")) for root in connection.execute(roots)}
