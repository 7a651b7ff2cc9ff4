"""One trace as a waterfall: calls, their attempts, and who was reached, each directly below what caused it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from observability.console.reading import names
from observability.console.reading.room import Room
from observability.console.reading.skew import shifts
from observability.console.reading.tree import Place, in_order
from observability.console.store.schema import LOGS, RESOURCES, SPANS, TRACES

# More than a page can show at a glance, and as much as a browser can lay out.
SPANS_MAX = 2_000
LOGS_MAX = 1_000

_MS_NS = 10**6


def read_trace(connection: Connection, trace_id: bytes) -> dict[str, Any] | None:
    """The trace, or None; of one that is too large, what began first."""
    trace = connection.execute(TRACES.select().where(TRACES.c.trace_id == trace_id)).one_or_none()
    room = Room()
    found = spans_of(connection, trace_id, SPANS_MAX + 1, room)
    if trace is None or not found:
        return None
    logs = _logs_of(connection, trace_id, room)
    places = in_order(found[:SPANS_MAX])
    moved = shifts(places)
    start = min(place.span.start_ns + moved[place.span.span_id] for place in places)
    end = max(place.span.end_ns + moved[place.span.span_id] for place in places)
    answered = _answered(places)
    return {
        "id": trace_id.hex(),
        "start_ms": start / _MS_NS,
        # As in the list: what was asked is over when its root is, whatever goes on behind.
        "duration_ms": max(0, trace.end_ns - trace.start_ns if trace.rooted else end - start) / _MS_NS,
        "services": list(dict.fromkeys(place.span.service for place in places)),
        "errors": trace.errors,
        "retries": trace.retries,
        "truncated": room.full or len(found) > SPANS_MAX or len(logs) > LOGS_MAX,
        "spans": [
            _span(place, moved[place.span.span_id], start, final=place.span.span_id in answered) for place in places
        ],
        "logs": [_log(log, log.time_ns + moved.get(log.span_id, 0) - start) for log in logs[:LOGS_MAX]],
    }


def spans_of(connection: Connection, trace_id: bytes, at_most: int, room: Room) -> Sequence[Row[Any]]:
    """The spans of a trace that began first, each with its resource, as far as there is *room*."""
    first = select(SPANS.c.id).where(SPANS.c.trace_id == trace_id).order_by(SPANS.c.start_ns, SPANS.c.id)
    of_trace = select(
        SPANS, RESOURCES.c.service, RESOURCES.c.instance, RESOURCES.c.attributes.label("resource_attributes")
    ).join(RESOURCES, RESOURCES.c.id == SPANS.c.resource)
    return room.rows(connection, of_trace, SPANS.c.id, connection.execute(first.limit(at_most)).scalars().all())


def parsed(document: str) -> Any:
    """What stands in a column as JSON."""
    return json.loads(document) if document else []


def _logs_of(connection: Connection, trace_id: bytes, room: Room) -> Sequence[Row[Any]]:
    first = select(LOGS.c.id).where(LOGS.c.trace_id == trace_id).order_by(LOGS.c.time_ns, LOGS.c.id)
    of_trace = select(LOGS, RESOURCES.c.service, RESOURCES.c.instance).join(
        RESOURCES, RESOURCES.c.id == LOGS.c.resource
    )
    return room.rows(connection, of_trace, LOGS.c.id, connection.execute(first.limit(LOGS_MAX + 1)).scalars().all())


def _answered(places: Sequence[Place]) -> frozenset[bytes]:
    """The attempts whose answers the callers got: of each call the last that brought one, as the mesh has it."""
    last: dict[bytes, Row[Any]] = {}
    for place in places:
        span = place.span
        if span.attempt and span.status is not None:
            earlier = last.get(span.parent_id)
            if earlier is None or span.attempt > earlier.attempt:
                last[span.parent_id] = span
    return frozenset(span.span_id for span in last.values())


def _span(place: Place, moved: int, start: int, *, final: bool) -> dict[str, Any]:
    span = place.span
    attributes = parsed(span.attributes)
    return {
        "id": span.span_id.hex(),
        "parent": span.parent_id.hex(),
        "depth": place.depth,
        "name": span.name,
        "kind": span.kind,
        "service": span.service,
        "instance": span.instance,
        "offset_ms": (span.start_ns + moved - start) / _MS_NS,
        "duration_ms": max(0, span.end_ns - span.start_ns) / _MS_NS,
        "failed": bool(span.failed),
        "status": span.status,
        **_part(span, attributes),
        "final": final,
        "orphan": place.orphan,
        "skew_ms": moved / _MS_NS,
        "attributes": attributes,
        "resource": parsed(span.resource_attributes),
        "events": [
            {
                "name": event["name"],
                "offset_ms": (event["time_ns"] + moved - start) / _MS_NS,
                "attributes": event["attributes"],
            }
            for event in parsed(span.events)
        ],
        "links": [{"trace": link["trace_id"], "span": link["span_id"]} for link in parsed(span.links)],
    }


def _part(span: Row[Any], attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Which part it plays in a call. A stranger may write anything under our names, so nothing is taken as it is."""
    attempts = _number(attributes, names.MESH_ATTEMPTS)
    attempt = span.attempt if span.kind == "client" else 0
    return {
        "role": "call"
        if span.kind == "internal" and attempts
        else "attempt"
        if attempt
        else "request"
        if span.kind == "server"
        else "span",
        "attempts": attempts,
        "attempt": attempt,
        "target": _text(attributes, names.MESH_INSTANCE_ID) if attempt else "",
        "outcome": _text(attributes, names.MESH_OUTCOME),
        "reason": _text(attributes, names.MESH_RETRY_REASON),
        "delay_s": _number(attributes, names.MESH_RETRY_DELAY),
        "nack": _text(attributes, names.MESH_NACK),
    }


def _text(attributes: Mapping[str, Any], name: str) -> str:
    return names.as_text(attributes.get(name, ""))


def _number(attributes: Mapping[str, Any], name: str) -> float:
    value = attributes.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 else 0


def _log(log: Row[Any], offset: int) -> dict[str, Any]:
    return {
        "offset_ms": offset / _MS_NS,
        "time_ms": log.time_ns / _MS_NS,
        "level": log.level,
        "service": log.service,
        "instance": log.instance,
        "logger": log.logger,
        "text": log.body,
        "span": log.span_id.hex(),
        "attributes": parsed(log.attributes),
    }
