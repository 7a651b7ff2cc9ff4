"""Spans as the bytes of an OTLP export request, byte for byte those that the SDK's exporter would send.

To build protobuf's objects and then serialise them takes several times as long as to write the bytes, and nothing that
a traced call costs was dearer. The tags are those of ``opentelemetry/proto/trace/v1/trace.proto`` and its neighbours.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode

from observability.protobuf import delimited, double, fixed32, fixed64, signed, varint

_log = logging.getLogger("opentelemetry.exporter.encoding")

_KINDS = {
    SpanKind.INTERNAL: b"\x30\x01",
    SpanKind.SERVER: b"\x30\x02",
    SpanKind.CLIENT: b"\x30\x03",
    SpanKind.PRODUCER: b"\x30\x04",
    SpanKind.CONSUMER: b"\x30\x05",
}

# A status without a description.
_BARE = {StatusCode.UNSET: b"\x7a\x00", StatusCode.OK: b"\x7a\x02\x18\x01", StatusCode.ERROR: b"\x7a\x02\x18\x02"}

# A text that is longer is hardly said twice.
_USUAL = 64

# That we know whether the parent is remote, and that it is.
_IS_KNOWN = fixed32(0x100)
_IS_REMOTE = fixed32(0x300)

# A span, and each pair of attributes, stands behind one of these tags.
_SPAN = b"\x12"
_SPAN_ATTRIBUTE = b"\x4a"
_RESOURCE_ATTRIBUTE = b"\x0a"
_SCOPE_ATTRIBUTE = b"\x1a"
_EVENT_ATTRIBUTE = b"\x1a"
_LINK_ATTRIBUTE = b"\x22"


def encode(spans: Iterable[ReadableSpan]) -> bytes:
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
        encoded = _span(span)
        group += (_SPAN, varint(len(encoded)), encoded)
    return b"".join(delimited(b"\x0a", _resource_spans(resource, scopes)) for resource, scopes in groups.items())


def _resource_spans(resource: Resource, scopes: Mapping[InstrumentationScope | None, list[bytes]]) -> bytes:
    parts = [delimited(b"\x0a", _attributes(resource.attributes, _RESOURCE_ATTRIBUTE))]
    for scope, spans in scopes.items():
        head = delimited(b"\x0a", _scope(scope))
        tail = _text(b"\x1a", scope.schema_url) if scope else b""
        parts.append(delimited(b"\x12", b"".join((head, *spans, tail))))
    parts.append(_text(b"\x1a", resource.schema_url))
    return b"".join(parts)


def _scope(scope: InstrumentationScope | None) -> bytes:
    if scope is None:
        return b""
    named = _text(b"\x0a", scope.name) + _text(b"\x12", scope.version)
    return named + _attributes(scope.attributes, _SCOPE_ATTRIBUTE)


def _span(span: ReadableSpan) -> bytes:
    context, parent = span.get_span_context(), span.parent
    if context is None:
        raise ValueError("a span without ids")
    parts = [b"\x0a\x10", context.trace_id.to_bytes(16, "big"), b"\x12\x08", context.span_id.to_bytes(8, "big")]
    if context.trace_state:
        parts.append(_text(b"\x1a", ",".join(f"{key}={value}" for key, value in context.trace_state.items())))
    if parent:
        parts += (b"\x22\x08", parent.span_id.to_bytes(8, "big"))
    parts += (_name(span.name), _KINDS[span.kind])
    if span.start_time:
        parts += (b"\x39", fixed64(span.start_time))
    if span.end_time:
        parts += (b"\x41", fixed64(span.end_time))
    parts.append(_attributes(span.attributes, _SPAN_ATTRIBUTE))
    parts.append(_count(b"\x50", span.dropped_attributes))
    if span.events or span.dropped_events:
        parts += (delimited(b"\x5a", _event(event)) for event in span.events)
        parts.append(_count(b"\x60", span.dropped_events))
    if span.links or span.dropped_links:
        parts += (delimited(b"\x6a", _link(link)) for link in span.links)
        parts.append(_count(b"\x70", span.dropped_links))
    parts += (_status(span.status), b"\x85\x01", _flags(parent))
    return b"".join(parts)


def _event(event: Event) -> bytes:
    at = b"\x09" + fixed64(event.timestamp) if event.timestamp else b""
    attributes = _attributes(event.attributes, _EVENT_ATTRIBUTE)
    return b"".join((at, _text(b"\x12", event.name), attributes, _count(b"\x20", event.dropped_attributes)))


def _link(link: Link) -> bytes:
    context = link.context
    ids = (b"\x0a\x10", context.trace_id.to_bytes(16, "big"), b"\x12\x08", context.span_id.to_bytes(8, "big"))
    attributes = _attributes(link.attributes, _LINK_ATTRIBUTE)
    return b"".join((*ids, attributes, _count(b"\x28", link.dropped_attributes), b"\x35", _flags(context)))


def _status(status: Status) -> bytes:
    if status.description is None:
        return _BARE[status.status_code]
    return delimited(b"\x7a", _text(b"\x12", status.description) + _count(b"\x18", status.status_code.value))


def _flags(parent: SpanContext | None) -> bytes:
    return _IS_REMOTE if parent and parent.is_remote else _IS_KNOWN


def _text(tag: bytes, text: str | None) -> bytes:
    return delimited(tag, text.encode()) if text else b""


def _count(tag: bytes, count: int) -> bytes:
    return tag + varint(count) if count else b""


def _attributes(attributes: Mapping[str, Any] | None, tag: bytes) -> bytes:
    """The pairs, each behind *tag*; one that cannot be written is left out."""
    if not attributes:
        return b""
    parts: list[bytes] = []
    for name, value in attributes.items():
        kind = type(value)
        try:
            is_usual = kind is int or (kind is str and len(value) <= _USUAL)
            parts.append(_known(tag, name, value) if is_usual else delimited(tag, _pair(name, value)))
        except (TypeError, ValueError):
            _log.exception("attribute %r left out", name)
    return b"".join(parts)


# Most attributes say what others said before: methods, statuses, services, instances. Where each says something new,
# nothing is gained by remembering it, and what is remembered stays this small. (Kinds of numbers that are equal and
# written differently, like 1, 1.0 and true, must not meet here.)
@lru_cache(maxsize=2048)
def _known(tag: bytes, name: str, value: str | int) -> bytes:
    return delimited(tag, _pair(name, value))


@lru_cache(maxsize=512)
def _key(name: str) -> bytes:
    """The name of an attribute, up to the length of its value; that is always there, even if it is empty."""
    return _text(b"\x0a", name) + b"\x12"


@lru_cache(maxsize=512)
def _name(name: str) -> bytes:
    return _text(b"\x2a", name)


def _value(value: Any) -> bytes:
    # Of several kinds a value is given one, so that a zero or an empty text is written too.
    if isinstance(value, str):
        text = value.encode()
        return b"\x0a" + varint(len(text)) + text
    if isinstance(value, bool):
        return b"\x10\x01" if value else b"\x10\x00"
    if isinstance(value, int):
        return b"\x18" + signed(value)
    if isinstance(value, float):
        return b"\x21" + double(value)
    return b"" if value is None else _compound(value)


def _compound(value: Any) -> bytes:
    if isinstance(value, bytes):
        return delimited(b"\x3a", value)
    if isinstance(value, Sequence):
        return delimited(b"\x2a", b"".join(delimited(b"\x0a", _value(each)) for each in value))
    if isinstance(value, Mapping):
        pairs = {str(name): each for name, each in value.items()}
        return delimited(b"\x32", b"".join(delimited(b"\x0a", _pair(*pair)) for pair in pairs.items()))
    raise TypeError(f"no attribute can be a {type(value).__name__}")


def _pair(name: str, value: Any) -> bytes:
    written = _value(value)
    return b"".join((_key(name), varint(len(written)), written))
