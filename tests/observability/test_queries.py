"""What a database is asked, as spans."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, AlwaysRecordSampler
from opentelemetry.trace import SpanKind, StatusCode

from discovery.clock import SystemClock
from discovery.testing.clock import FakeClock
from observability import DatabaseName, Queries, queries, recording_queries, semconv
from observability.call_spans import CallSpans
from observability.encoding import encode
from observability.export import SpanExporter, SpanQueue
from observability.ledger import Ledger
from observability.tracing import TracedRequest, Tracing
from tests.observability.support import Counting, request

PORTS = DatabaseName("postgresql", "ports", "db.local", 5433)
SIZE = 512
SELECT = "SELECT ports.id \nFROM ports \nWHERE ports.id = $1"


class Kept(SpanExporter):
    """Our own exporter, whose batches go nowhere."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__("http://127.0.0.1:9", 1.0, ledger)
        self.batch: list[ReadableSpan | CallSpans | Queries] = []

    def export(self, spans: Sequence[ReadableSpan | CallSpans | Queries]) -> SpanExportResult:
        self.batch += spans
        return SpanExportResult.SUCCESS


@pytest.fixture
def provider() -> Iterator[TracerProvider]:
    provider = TracerProvider(shutdown_on_exit=False)
    yield provider
    provider.shutdown()


def remembering(provider: TracerProvider) -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return exporter


def sending(provider: TracerProvider) -> tuple[Kept, Ledger]:
    ledger = Ledger("spans", SIZE, FakeClock())
    exporter = Kept(ledger)
    provider.add_span_processor(SpanQueue(exporter, ledger, SIZE))
    return exporter, ledger


def served(provider: TracerProvider) -> TracedRequest:
    return Tracing(provider.get_tracer(semconv.SCOPE, schema_url=semconv.SCHEMA_URL), SystemClock()).request(request())


def ask(asked: Queries | None) -> None:
    """A unit that waits for its turn, asks, fails, and is over."""
    assert asked is not None
    asked.reached("BEGIN")
    asked.asked(SELECT, 5)
    asked.asked("INSERT INTO ports (name) VALUES ($1)", 6, batch=3)
    asked.asked("DELETE FROM ports", 7, failure="IntegrityError", code="23503")
    asked.reached("COMMIT", failure="ConnectionError")
    asked.finish()


def test_a_statement_is_a_client_span_below_the_request_by_the_conventions(provider: TracerProvider) -> None:
    exporter = remembering(provider)
    with (handled := served(provider)):
        ask(recording_queries(PORTS))
    handled.end(200, "/ports/{id}", "", None)

    begun, found, batch, refused, lost, above = exporter.get_finished_spans()
    where = {
        "db.system.name": "postgresql",
        "db.namespace": "ports",
        "server.address": "db.local",
        "server.port": 5433,
    }
    for span in (begun, found, batch, refused, lost):
        assert (span.kind, span.parent) == (SpanKind.CLIENT, above.get_span_context())
        assert dict(span.attributes or {}).items() >= where.items()
        assert (span.resource, span.instrumentation_scope) == (above.resource, above.instrumentation_scope)
    assert found.name == "SELECT ports"
    assert dict(found.attributes or {}) == {
        **where,
        "db.operation.name": "SELECT",
        "db.collection.name": "ports",
        "db.query.summary": "SELECT ports",
        "db.query.text": "SELECT ports.id FROM ports WHERE ports.id = $1",
    }
    assert found.status.status_code is StatusCode.UNSET
    assert found.start_time == 5 < (found.end_time or 0)
    said = dict(batch.attributes or {})
    assert (batch.name, said["db.operation.name"]) == ("BATCH INSERT ports", "BATCH INSERT")
    assert said["db.operation.batch.size"] == 3
    for span, error, code in ((refused, "23503", "23503"), (lost, "ConnectionError", None)):
        said = dict(span.attributes or {})
        assert span.status.status_code is StatusCode.ERROR
        assert (said["error.type"], said.get("db.response.status_code")) == (error, code)
    assert (begun.name, lost.name) == ("BEGIN", "COMMIT")
    assert lost.start_time == refused.end_time


def test_what_our_exporter_writes_is_what_the_sdk_would_send_of_the_same_spans(
    provider: TracerProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = Counting()
    monkeypatch.setattr(queries, "_IDS", drawn)
    monkeypatch.setattr(queries, "time_ns", lambda: 9)
    exporter, _ = sending(provider)
    handled = served(provider)
    with handled:
        ask(recording_queries(PORTS))
    provider.force_flush()
    (waiting,) = exporter.batch
    assert isinstance(waiting, Queries)
    written = encode([waiting])

    drawn.__init__()  # type: ignore[misc]  # so that the same ids are drawn again
    made = remembering(provider)
    with handled:
        ask(recording_queries(PORTS))
    assert TracesData.FromString(written) == TracesData.FromString(
        encode_spans(made.get_finished_spans()).SerializeToString()
    )


def test_a_unit_waits_as_one_and_is_counted_by_its_spans(provider: TracerProvider) -> None:
    exporter, ledger = sending(provider)
    with served(provider):
        for _ in range(103):
            ask(recording_queries(PORTS))
    assert ledger.lost == 5  # of 515
    provider.force_flush()
    assert [type(each) for each in exporter.batch] == [Queries] * 102


def test_what_limits_would_cut_is_made_as_the_sdk_makes_it() -> None:
    provider = TracerProvider(shutdown_on_exit=False, span_limits=SpanLimits(max_span_attributes=2))
    exporter, _ = sending(provider)
    with served(provider):
        ask(recording_queries(PORTS))
    provider.force_flush()
    assert len(exporter.batch) == 5
    for span in exporter.batch:
        assert isinstance(span, ReadableSpan)
        assert len(span.attributes or {}) == 2
    provider.shutdown()


@pytest.mark.parametrize("sampler", [ALWAYS_OFF, AlwaysRecordSampler(ALWAYS_OFF)])
def test_nothing_is_taken_down_where_the_request_is_not_sampled(sampler: AlwaysRecordSampler) -> None:
    provider = TracerProvider(sampler, shutdown_on_exit=False)
    remembering(provider)
    with served(provider):
        assert recording_queries(PORTS) is None
    provider.shutdown()


def test_nothing_is_taken_down_where_nobody_would_be_told(provider: TracerProvider) -> None:
    with served(provider):
        assert recording_queries(PORTS) is None


def test_nothing_is_taken_down_outside_of_any_span_or_behind_its_end(provider: TracerProvider) -> None:
    exporter = remembering(provider)
    assert recording_queries(PORTS) is None
    with (handled := served(provider)):
        handled.end(200, "", "", None)
        assert recording_queries(PORTS) is None
    assert len(exporter.get_finished_spans()) == 1


def test_a_unit_that_asked_nothing_is_no_span(provider: TracerProvider) -> None:
    exporter = remembering(provider)
    with served(provider):
        unit = recording_queries(PORTS)
        assert unit is not None
        unit.finish()
    assert exporter.get_finished_spans() == ()


def test_what_an_application_does_in_a_span_of_its_own_is_below_that(provider: TracerProvider) -> None:
    exporter = remembering(provider)
    with provider.get_tracer("shop").start_as_current_span("own") as own:
        ask(recording_queries(PORTS))
    *below, _ = exporter.get_finished_spans()
    assert [span.parent for span in below] == [own.get_span_context()] * 5
