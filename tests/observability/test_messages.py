"""Events as spans, and what waits as a measurement."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry import metrics, trace
from opentelemetry.metrics import MeterProvider
from opentelemetry.sdk.metrics import MeterProvider as SdkMeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, NumberDataPoint
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

import observability

KIND = "laptops.laptop.deleted"


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    yield exporter
    provider.shutdown()


def finished(exporter: InMemorySpanExporter, name: str) -> ReadableSpan:
    return next(span for span in exporter.get_finished_spans() if span.name == name)


def test_sending_and_handling_are_linked_to_where_the_event_was_made(exporter: InMemorySpanExporter) -> None:
    with trace.get_tracer("test").start_as_current_span("request") as request:
        made_in = observability.current_traceparent()
    assert observability.current_traceparent() == ""
    with observability.sending_event(KIND, "1", made_in, "mesh", "ports"):
        assert observability.current_traceparent() != ""
    with observability.handling_event(KIND, "1", made_in, "mesh"):
        pass

    sent, handled = finished(exporter, f"send {KIND}"), finished(exporter, f"process {KIND}")
    assert (sent.kind, handled.kind) == (SpanKind.PRODUCER, SpanKind.CONSUMER)
    for span in (sent, handled):
        assert span.parent is None
        assert [link.context.span_id for link in span.links] == [request.get_span_context().span_id]
        assert span.status.status_code is StatusCode.UNSET
    assert dict(sent.attributes or {}) == {
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": KIND,
        "messaging.message.id": "1",
        "messaging.system": "mesh",
        "service.peer.name": "ports",
    }


def test_handling_is_a_part_of_the_trace_of_sending_where_that_is_told(exporter: InMemorySpanExporter) -> None:
    with observability.sending_event(KIND, "1", "", "rabbitmq", "ports"):
        sent_in = observability.current_traceparent()
    with observability.handling_event(KIND, "1", "", "rabbitmq", sent_in):
        pass
    with observability.handling_event("another", "2", "", "rabbitmq", "nonsense"):
        pass

    sent, handled, lost = (finished(exporter, name) for name in (f"send {KIND}", f"process {KIND}", "process another"))
    assert sent.context is not None
    assert handled.parent is not None
    assert (handled.parent.trace_id, handled.parent.span_id) == (sent.context.trace_id, sent.context.span_id)
    assert (handled.attributes or {})["messaging.system"] == "rabbitmq"
    assert lost.parent is None


@pytest.mark.parametrize("made_in", ["", "nonsense", f"00-{'0' * 32}-{'0' * 16}-01"])
def test_an_event_of_nowhere_has_no_link(exporter: InMemorySpanExporter, made_in: str) -> None:
    with observability.handling_event(KIND, "1", made_in, "mesh"):
        pass
    assert finished(exporter, f"process {KIND}").links == ()


def test_why_it_failed_is_told_by_its_class_alone(exporter: InMemorySpanExporter) -> None:
    with pytest.raises(LookupError), observability.sending_event(KIND, "1", "", "mesh", "ports"):
        raise LookupError("a secret")
    with observability.handling_event(KIND, "1", "", "mesh") as failed:
        failed("ArithmeticError")

    for name, why in ((f"send {KIND}", "LookupError"), (f"process {KIND}", "ArithmeticError")):
        span = finished(exporter, name)
        assert (span.attributes or {})["error.type"] == why
        assert span.status.status_code is StatusCode.ERROR
        assert "a secret" not in span.to_json()


def test_what_waits_is_measured_for_each_subscriber(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = InMemoryMetricReader()
    provider: MeterProvider = SdkMeterProvider([reader], shutdown_on_exit=False)
    monkeypatch.setattr(metrics, "get_meter", provider.get_meter)
    waiting = {"ports": 3}
    observability.watch_backlog(lambda: waiting)

    data = reader.get_metrics_data()
    assert data is not None
    (metric,) = data.resource_metrics[0].scope_metrics[0].metrics
    assert metric.name == "mesh.events.backlog"
    (point,) = metric.data.data_points
    assert isinstance(point, NumberDataPoint)
    assert (dict(point.attributes or {}), point.value) == ({"service.peer.name": "ports"}, 3)
