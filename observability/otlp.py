"""What collectors are sent, read: OTLP's protobuf as plain data.

Whatever is not what it should be raises ``ValueError``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # protobuf comes without types
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as WireSpan
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from observability import semconv
from observability.spans import Span, Value

_KINDS = {number: name.removeprefix("SPAN_KIND_").lower() for name, number in WireSpan.SpanKind.items()}

Request = TypeVar("Request", ExportTraceServiceRequest, ExportMetricsServiceRequest, ExportLogsServiceRequest)


def spans(body: bytes) -> list[Span]:
    """The spans of an export request."""
    request = _parse(ExportTraceServiceRequest(), body)
    found: list[Span] = []
    for group in request.resource_spans:
        resource = _attributes(group.resource.attributes)
        found.extend(_span(span, resource) for scope in group.scope_spans for span in scope.spans)
    return found


def metrics(body: bytes) -> int:
    """How many metrics an export request reports."""
    request = _parse(ExportMetricsServiceRequest(), body)
    return sum(len(scope.metrics) for group in request.resource_metrics for scope in group.scope_metrics)


def logs(body: bytes) -> int:
    """How many log records an export request holds."""
    request = _parse(ExportLogsServiceRequest(), body)
    return sum(len(scope.log_records) for group in request.resource_logs for scope in group.scope_logs)


def _parse(request: Request, body: bytes) -> Request:
    try:
        request.ParseFromString(body)
    except DecodeError as exc:
        raise ValueError(f"not an OTLP request: {exc}") from None
    return request


def _span(span: WireSpan, resource: dict[str, Value]) -> Span:
    if len(span.trace_id) != 16 or len(span.span_id) != 8:
        raise ValueError("a trace id has 16 bytes and a span id 8")
    return Span(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        name=span.name,
        kind=_KINDS.get(span.kind, "internal"),
        service=str(resource.get(semconv.SERVICE_NAME, "")),
        instance=str(resource.get(semconv.SERVICE_INSTANCE_ID, "")),
        start_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano,
        failed=span.status.code == Status.STATUS_CODE_ERROR,
        attributes=_attributes(span.attributes),
    )


def _attributes(pairs: Iterable[KeyValue]) -> dict[str, Value]:
    attributes: dict[str, Value] = {}
    for pair in pairs:
        kind = pair.value.WhichOneof("value")
        value = getattr(pair.value, kind) if kind else ""
        attributes[pair.key] = value if isinstance(value, str | bool | int | float) else str(value)
    return attributes
