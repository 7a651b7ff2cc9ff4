"""Spans as rows of their table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from observability.console.ingest.forms import Group
from observability.console.ingest.resources import Resource
from observability.console.ingest.values import MAX_NAME, attributes, count, encoded, encoded_list, moment, short, text

# The SDK's own limits are as high.
_MAX_EVENTS = 128
_MAX_LINKS = 128
# Bytes of all of them.
_EVENTS_BYTES = 24_576
_LINKS_BYTES = 8_192

_KINDS = {int(number): name.removeprefix("SPAN_KIND_").lower() for name, number in Span.SpanKind.items() if number}
_ERROR = int(Status.STATUS_CODE_ERROR)
_NO_TRACE = bytes(16)
_NO_SPAN = bytes(8)

# As the columns of the table, from the second on.
SpanRow = tuple[bytes, bytes, bytes, int, str, str, int, int, bool, str, int | None, str, int, str, str, str]


def span_rows(group: Group, resource: Resource) -> Iterator[SpanRow | None]:
    """A row for each span; None for one whose ids are none."""
    for span in group.records:
        trace_id, span_id, parent_id = span.trace_id, span.span_id, span.parent_span_id
        if not _are_ids(trace_id, span_id, parent_id):
            yield None
            continue
        found = attributes(span.attributes)
        status = span.status
        route = found.get("http.route")
        peer = found.get("service.peer.name")
        events, links = span.events, span.links
        yield (
            trace_id,
            span_id,
            parent_id if parent_id != _NO_SPAN else b"",
            resource.id,
            short(span.name),
            _KINDS.get(span.kind, "internal"),
            moment(span.start_time_unix_nano),
            moment(span.end_time_unix_nano),
            status is not None and status.code == _ERROR,
            "" if route is None else text(route, MAX_NAME),
            count(found.get("http.response.status_code")) or None,
            "" if peer is None else text(peer, MAX_NAME),
            count(found.get("mesh.attempt")),
            encoded(found),
            _events(events) if events else "",
            _links(links) if links else "",
        )


def _are_ids(trace_id: bytes, span_id: bytes, parent_id: bytes) -> bool:
    return (
        len(trace_id) == 16
        and len(span_id) == 8
        and len(parent_id) in {0, 8}
        and trace_id != _NO_TRACE
        and span_id != _NO_SPAN
    )


def _events(events: Sequence[Any]) -> str:
    return encoded_list(
        [
            {
                "name": short(event.name),
                "time_ns": moment(event.time_unix_nano),
                "attributes": attributes(event.attributes),
            }
            for event in islice(events, _MAX_EVENTS)
        ],
        _EVENTS_BYTES,
    )


def _links(links: Sequence[Any]) -> str:
    return encoded_list(
        [
            {
                "trace_id": link.trace_id.hex(),
                "span_id": link.span_id.hex(),
                "attributes": attributes(link.attributes),
            }
            for link in islice(links, _MAX_LINKS)
            if _are_ids(link.trace_id, link.span_id, b"")
        ],
        _LINKS_BYTES,
    )
