"""Spans as the bytes of an OTLP export request, byte for byte those that the SDK's exporter would send.

To build protobuf's objects and then serialise them takes several times as long as to write the bytes, and nothing that
a traced call costs was dearer. The tags are those of ``opentelemetry/proto/trace/v1/trace.proto`` and its neighbours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from struct import Struct

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceState

from observability import semconv
from observability.attributes import of_lookup
from observability.call_spans import CallSpans, Description
from observability.pairs import pairs
from observability.protobuf import count, delimited, fixed32, fixed64, text, varint
from observability.queries import Queries
from observability.request_span import RequestSpan
from observability.traits import AttemptTraits, CallTraits, QueryTraits, RequestTraits

_KINDS = {
    SpanKind.INTERNAL: b"\x30\x01",
    SpanKind.SERVER: b"\x30\x02",
    SpanKind.CLIENT: b"\x30\x03",
    SpanKind.PRODUCER: b"\x30\x04",
    SpanKind.CONSUMER: b"\x30\x05",
}

# A status without a description.
_BARE = {StatusCode.UNSET: b"\x7a\x00", StatusCode.OK: b"\x7a\x02\x18\x01", StatusCode.ERROR: b"\x7a\x02\x18\x02"}

# That we know whether the parent is remote, and that it is.
_IS_KNOWN = fixed32(0x100)
_IS_REMOTE = fixed32(0x300)

# Begin and end, each behind its tag.
_times = Struct("<BQBQ").pack

# A span, and each pair of attributes, stands behind one of these tags.
_SPAN = b"\x12"
_SPAN_ATTRIBUTE = b"\x4a"
_RESOURCE_ATTRIBUTE = b"\x0a"
_SCOPE_ATTRIBUTE = b"\x1a"
_EVENT_ATTRIBUTE = b"\x1a"
_LINK_ATTRIBUTE = b"\x22"


def encode(spans: Iterable[ReadableSpan | CallSpans | Queries]) -> bytes:
    """The body of a request that exports *spans*, grouped by resource and scope in the order of their first.

    Raises:
        UnicodeEncodeError: when the name of one of them cannot be written.
    """
    groups: dict[Resource, dict[InstrumentationScope | None, list[bytes]]] = {}
    # To hash a resource means to write it as JSON, and nearly all spans of a process have the same one.
    known: dict[tuple[int, int], list[bytes]] = {}
    for span in spans:
        resource, scope = span.resource, span.instrumentation_scope or None
        place = (id(resource), id(scope))
        group = known.get(place)
        if group is None:
            group = known[place] = groups.setdefault(resource, {}).setdefault(scope, [])
        for encoded in _all_of(span):
            group += (_SPAN, varint(len(encoded)), encoded)
    # A large body is put together once: each further copy would touch as much memory anew.
    return b"".join(part for group in groups.items() for part in _nested(b"\x0a", _resource_spans(*group)))


def _resource_spans(resource: Resource, scopes: Mapping[InstrumentationScope | None, list[bytes]]) -> list[bytes]:
    parts = [delimited(b"\x0a", pairs(resource.attributes, _RESOURCE_ATTRIBUTE))]
    for scope, spans in scopes.items():
        head = delimited(b"\x0a", _scope(scope))
        tail = text(b"\x1a", scope.schema_url) if scope else b""
        parts += _nested(b"\x12", [head, *spans, tail])
    parts.append(text(b"\x1a", resource.schema_url))
    return parts


def _nested(tag: bytes, parts: list[bytes]) -> list[bytes]:
    """A message of these *parts*, behind its length."""
    return [tag, varint(sum(map(len, parts))), *parts]


def _scope(scope: InstrumentationScope | None) -> bytes:
    if scope is None:
        return b""
    named = text(b"\x0a", scope.name) + text(b"\x12", scope.version)
    return named + pairs(scope.attributes, _SCOPE_ATTRIBUTE)


def _all_of(spans: ReadableSpan | CallSpans | Queries) -> list[bytes]:
    if isinstance(spans, CallSpans):
        return _of_call(spans)
    return _of_queries(spans) if isinstance(spans, Queries) else [_span(spans)]


def _span(span: ReadableSpan) -> bytes:
    context, parent = span.get_span_context(), span.parent
    if context is None:
        raise ValueError("a span without ids")
    trace = context.trace_id.to_bytes(16, "big")
    ids = _ids(trace, context.trace_state, context.span_id, parent.span_id if parent else 0)
    parts = [ids, _name(span.name), _KINDS[span.kind]]
    if span.start_time:
        parts += (b"\x39", fixed64(span.start_time))
    if span.end_time:
        parts += (b"\x41", fixed64(span.end_time))
    if isinstance(span, RequestSpan) and (said := span.said) is not None:
        own, traits = said
        parts += (pairs(own, _SPAN_ATTRIBUTE), _traits(traits))
    else:
        parts.append(pairs(span.attributes, _SPAN_ATTRIBUTE))
        parts.append(count(b"\x50", span.dropped_attributes))
    if span.events or span.dropped_events:
        parts += (delimited(b"\x5a", _event(event)) for event in span.events)
        parts.append(count(b"\x60", span.dropped_events))
    if span.links or span.dropped_links:
        parts += (delimited(b"\x6a", _link(link)) for link in span.links)
        parts.append(count(b"\x70", span.dropped_links))
    parts += (_status(span.status), b"\x85\x01", _flags(parent))
    return b"".join(parts)


def _of_call(spans: CallSpans) -> list[bytes]:
    """All spans of a call, in the order in which they would have ended."""
    start, above = spans.start, spans.start.parent
    trace, state = start.trace_id.to_bytes(16, "big"), start.state
    encoded = [_described(part, trace, state, start.span_id, b"", _IS_KNOWN) for part in spans.parts()]
    event = b""
    if waited := spans.waited():
        over_ns, lookup = waited
        event = delimited(b"\x5a", _event(Event(semconv.MESH_LOOKUP, of_lookup(lookup), over_ns)))
    encoded.append(_described(spans.whole(), trace, state, above.span_id if above else 0, event, _flags(above)))
    return encoded


def _of_queries(spans: Queries) -> list[bytes]:
    """All spans of a unit of work, in their order: what each has for itself are its id and its times."""
    above = spans.above
    before = b"".join((b"\x0a\x10", above.trace_id.to_bytes(16, "big"), b"\x12\x08"))
    after = _below(above.trace_state, above.span_id)
    encoded = []
    for span_id, (traits, began_ns, ended_ns) in spans.parts():
        head, said, status = _common(traits)
        times = _times(0x39, began_ns, 0x41, ended_ns)
        own = span_id.to_bytes(8, "big")
        encoded.append(b"".join((before, own, after, head, times, said, status, b"\x85\x01", _IS_KNOWN)))
    return encoded


def _described(
    span: Description, trace: bytes, state: TraceState | None, parent_id: int, event: bytes, flags: bytes
) -> bytes:
    head, said, status = _common(span.traits)
    times = _times(0x39, span.began_ns, 0x41, span.ended_ns)
    ids = _ids(trace, state, span.span_id, parent_id)
    return b"".join((ids, head, times, pairs(span.values, _SPAN_ATTRIBUTE), said, event, status, b"\x85\x01", flags))


# Those of different kinds are never equal, since they are of different lengths.
@lru_cache(maxsize=2048)
def _common(traits: CallTraits | AttemptTraits | QueryTraits) -> tuple[bytes, bytes, bytes]:
    status = _BARE[StatusCode.ERROR if traits.failure else StatusCode.UNSET]
    return _name(traits.name) + _KINDS[traits.kind], pairs(traits.values(), _SPAN_ATTRIBUTE), status


# Strangers fill this one, with texts of up to a kilobyte.
@lru_cache(maxsize=512)
def _traits(traits: RequestTraits) -> bytes:
    return pairs(traits.values(), _SPAN_ATTRIBUTE)


def _ids(trace: bytes, state: TraceState | None, span_id: int, parent_id: int) -> bytes:
    return b"".join((b"\x0a\x10", trace, b"\x12\x08", span_id.to_bytes(8, "big"), _below(state, parent_id)))


def _below(state: TraceState | None, parent_id: int) -> bytes:
    own = text(b"\x1a", ",".join(f"{key}={value}" for key, value in state.items())) if state else b""
    return own + b"\x22\x08" + parent_id.to_bytes(8, "big") if parent_id else own


def _event(event: Event) -> bytes:
    at = b"\x09" + fixed64(event.timestamp) if event.timestamp else b""
    attributes = pairs(event.attributes, _EVENT_ATTRIBUTE)
    return b"".join((at, text(b"\x12", event.name), attributes, count(b"\x20", event.dropped_attributes)))


def _link(link: Link) -> bytes:
    context = link.context
    ids = (b"\x0a\x10", context.trace_id.to_bytes(16, "big"), b"\x12\x08", context.span_id.to_bytes(8, "big"))
    attributes = pairs(link.attributes, _LINK_ATTRIBUTE)
    return b"".join((*ids, attributes, count(b"\x28", link.dropped_attributes), b"\x35", _flags(context)))


def _status(status: Status) -> bytes:
    if status.description is None:
        return _BARE[status.status_code]
    return delimited(b"\x7a", text(b"\x12", status.description) + count(b"\x18", status.status_code.value))


def _flags(parent: SpanContext | None) -> bytes:
    return _IS_REMOTE if parent and parent.is_remote else _IS_KNOWN


@lru_cache(maxsize=512)
def _name(name: str) -> bytes:
    return text(b"\x2a", name)
