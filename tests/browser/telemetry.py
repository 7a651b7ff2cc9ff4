"""Telemetry as senders send it: spans by hand, in OTLP's messages.

Ids follow from names, so a test can say where it expects what.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs, SeverityNumber
from opentelemetry.proto.metrics.v1.metrics_pb2 import Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1 import trace_pb2 as wire

MS: Final = 10**6

Value = str | int | float | bool
_KINDS: Final = {
    "internal": wire.Span.SPAN_KIND_INTERNAL,
    "server": wire.Span.SPAN_KIND_SERVER,
    "client": wire.Span.SPAN_KIND_CLIENT,
}


def trace_id(name: str) -> bytes:
    """The id of the trace that a test calls *name*."""
    return blake2b(name.encode(), digest_size=16).digest()


def span_id(name: str) -> bytes:
    """The id of the span that a test calls *name*; empty for none."""
    return blake2b(name.encode(), digest_size=8).digest() if name else b""


def page_of(trace: str) -> str:
    """The address of the trace that a test calls so."""
    return f"/trace/{trace_id(trace).hex()}"


@dataclass(frozen=True, kw_only=True)
class Span:
    """A span. ``at`` and ``lasted`` are milliseconds, the first of them from the beginning of its trace."""

    id: str
    parent: str = ""
    service: str
    instance: str
    name: str
    kind: str = "internal"
    at: float = 0.0
    lasted: float = 1.0
    failed: bool = False
    attributes: Mapping[str, Value] = field(default_factory=dict)


def request(id: str, parent: str, instance: str, name: str, at: float, lasted: float, **more: Any) -> Span:
    """A request that *instance* (``ports-2``) served; its route is what follows the method in *name*."""
    attributes = {
        "http.request.method": name.partition(" ")[0],
        "http.route": name.partition(" ")[2],
        "http.response.status_code": more.pop("status", 200),
        **more.pop("attributes", {}),
    }
    service = instance.rpartition("-")[0]
    return Span(
        id=id, parent=parent, service=service, instance=instance, name=name, kind="server", at=at, lasted=lasted,
        attributes=attributes, **more,
    )  # fmt: skip


def call(id: str, parent: str, instance: str, peer: str, at: float, lasted: float, **more: Any) -> Span:
    """A call of the mesh that *instance* made to the service *peer*."""
    attributes = {
        "service.peer.name": peer,
        "mesh.attempts": more.pop("attempts", 1),
        "mesh.outcome": more.pop("outcome", "answered"),
        "http.response.status_code": more.pop("status", 200),
    }
    service = instance.rpartition("-")[0]
    return Span(
        id=id, parent=parent, service=service, instance=instance, name=f"call {peer}", at=at, lasted=lasted,
        attributes=attributes, **more,
    )  # fmt: skip


def attempt(id: str, parent: str, instance: str, target: str, at: float, lasted: float, **more: Any) -> Span:
    """One request on the wire, from *instance* to *target*."""
    attributes = {
        "service.peer.name": target.rpartition("-")[0],
        "mesh.instance.id": target,
        "mesh.attempt": more.pop("number", 1),
        "mesh.outcome": more.pop("outcome", "answered"),
        "http.response.status_code": more.pop("status", 200),
        **more.pop("attributes", {}),
    }
    service = instance.rpartition("-")[0]
    return Span(
        id=id, parent=parent, service=service, instance=instance, name="GET", kind="client", at=at, lasted=lasted,
        attributes=attributes, **more,
    )  # fmt: skip


def shop_trace() -> list[Span]:
    """A page of the shop: five services, and a call to ports whose first attempt was refused."""
    repeat = {"http.request.resend_count": 1, "mesh.retry.reason": "nacked", "mesh.retry.delay": 0.012}
    return [
        request("gateway", "", "gateway-1", "GET /{path}", 0, 120),
        call("to marketplace", "gateway", "gateway-1", "marketplace", 2, 116),
        attempt("try marketplace", "to marketplace", "gateway-1", "marketplace-1", 3, 114),
        request("marketplace", "try marketplace", "marketplace-1", "GET /laptops/{id}", 4, 112),
        call("to recommendations", "marketplace", "marketplace-1", "recommendations", 6, 100),
        attempt("try recommendations", "to recommendations", "marketplace-1", "recommendations-1", 7, 98),
        request("recommendations", "try recommendations", "recommendations-1", "GET /recommendations", 8, 96),
        call("to laptops", "recommendations", "recommendations-1", "laptops", 10, 90),
        attempt("try laptops", "to laptops", "recommendations-1", "laptops-2", 11, 88),
        request("laptops", "try laptops", "laptops-2", "GET /laptops/{id}", 12, 86),
        call("to ports", "laptops", "laptops-2", "ports", 20, 70, attempts=2),
        attempt("try ports", "to ports", "laptops-2", "ports-2", 21, 8, status=503, outcome="nacked", failed=True),
        request("refused", "try ports", "ports-2", "GET /ports", 22, 5, status=503, failed=True,
                attributes={"mesh.nack": "draining"}),
        attempt("again ports", "to ports", "laptops-2", "ports-3", 41, 45, number=2, attributes=repeat),
        request("ports", "again ports", "ports-3", "GET /ports", 42, 42),
    ]  # fmt: skip


def plain_trace(route: str = "/ports", lasted: float = 5.0, instance: str = "ports-1", **more: Any) -> list[Span]:
    """A single request that was served."""
    return [request("only", "", instance, f"GET {route}", 0, lasted, **more)]


def spans(traces: Mapping[str, Iterable[Span]], begin_ns: int) -> ExportTraceServiceRequest:
    """What exporters send: the spans of *traces* by name, all of which began at *begin_ns*."""
    speakers: defaultdict[tuple[str, str], list[wire.Span]] = defaultdict(list)
    for trace, members in traces.items():
        for span in members:
            start = begin_ns + int(span.at * MS)
            speakers[span.service, span.instance].append(
                wire.Span(
                    trace_id=trace_id(trace),
                    span_id=span_id(span.id),
                    parent_span_id=span_id(span.parent),
                    name=span.name,
                    kind=_KINDS[span.kind],
                    start_time_unix_nano=start,
                    end_time_unix_nano=start + int(span.lasted * MS),
                    attributes=pairs(span.attributes),
                    status=wire.Status(code=wire.Status.STATUS_CODE_ERROR) if span.failed else None,
                )
            )
    return ExportTraceServiceRequest(
        resource_spans=[
            wire.ResourceSpans(resource=resource(*speaker), scope_spans=[wire.ScopeSpans(spans=members)])
            for speaker, members in speakers.items()
        ]
    )


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of log; ``at`` is milliseconds from the beginning of its trace."""

    trace: str
    span: str
    instance: str
    text: str
    level: str = "INFO"
    at: float = 0.0
    attributes: Mapping[str, Value] = field(default_factory=dict)


def lines(logs: Sequence[Line], begin_ns: int) -> ExportLogsServiceRequest:
    """What exporters send for *logs*."""
    return ExportLogsServiceRequest(
        resource_logs=[
            ResourceLogs(
                resource=resource(line.instance.rpartition("-")[0], line.instance),
                scope_logs=[
                    ScopeLogs(
                        log_records=[
                            LogRecord(
                                time_unix_nano=begin_ns + int(line.at * MS),
                                severity_text=line.level,
                                severity_number=SeverityNumber.Value(f"SEVERITY_NUMBER_{line.level}"),
                                body=AnyValue(string_value=line.text),
                                attributes=pairs(line.attributes),
                                trace_id=trace_id(line.trace),
                                span_id=span_id(line.span),
                            )
                        ]
                    )
                ],
            )
            for line in logs
        ]
    )


def gauge(name: str, instance: str, values: Sequence[float], last_ns: int) -> ExportMetricsServiceRequest:
    """A metric whose *values* were measured ten seconds apart, the last of them at *last_ns*."""
    points = [
        NumberDataPoint(time_unix_nano=last_ns - (len(values) - 1 - place) * 10**10, as_double=value)
        for place, value in enumerate(values)
    ]
    metric = Metric(name=name, unit="1", gauge=Gauge(data_points=points))
    service = instance.rpartition("-")[0]
    return ExportMetricsServiceRequest(
        resource_metrics=[
            ResourceMetrics(resource=resource(service, instance), scope_metrics=[ScopeMetrics(metrics=[metric])])
        ]
    )


def resource(service: str, instance: str) -> Resource:
    """Who speaks."""
    return Resource(attributes=pairs({"service.name": service, "service.instance.id": instance}))


def pairs(attributes: Mapping[str, Value]) -> list[KeyValue]:
    """Attributes as OTLP has them."""
    return [KeyValue(key=key, value=_value(value)) for key, value in attributes.items()]


def _value(value: Value) -> AnyValue:
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value)
    return AnyValue(double_value=value) if isinstance(value, float) else AnyValue(string_value=value)
