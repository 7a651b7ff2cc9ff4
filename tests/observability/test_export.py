from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence

import pytest
from opentelemetry.exporter.otlp.proto.http import trace_exporter
from opentelemetry.sdk._logs import LoggerProvider, ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExportResult
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, AlwaysRecordSampler

from discovery.testing.clock import FakeClock
from observability.call_spans import CallSpans
from observability.export import LogExporter, LogQueue, SpanExporter, SpanQueue
from observability.ledger import Ledger
from observability.otlp_handler import OtlpHandler
from observability.queries import Queries

SIZE = 512
NOWHERE = "http://127.0.0.1:9"


class Held(SpanExporter):
    """Takes a batch and does not come back with it until it is let go."""

    go = threading.Event()

    def export(self, spans: Sequence[ReadableSpan | CallSpans | Queries]) -> SpanExportResult:
        self.go.wait()
        self._ledger.delivered(len(spans))
        return SpanExportResult.SUCCESS


class HeldLogs(LogExporter):
    """The same for log records."""

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        Held.go.wait()
        self._ledger.delivered(len(batch))
        return LogRecordExportResult.SUCCESS


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    Held.go.clear()
    yield Ledger("items", SIZE, FakeClock())
    Held.go.set()


def test_spans_without_room_are_counted_to_the_last_one(ledger: Ledger) -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SpanQueue(Held(NOWHERE, 1.0, ledger), ledger, SIZE))
    tracer = provider.get_tracer("test")
    for _ in range(SIZE + 88):
        tracer.start_span("x").end()
    assert ledger.lost == 88
    Held.go.set()
    provider.shutdown()
    ledger.close()
    assert ledger.lost == 88


def test_a_batch_that_cannot_be_written_is_lost_and_says_why(caplog: pytest.LogCaptureFixture) -> None:
    ledger = Ledger("spans", SIZE, FakeClock())
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SpanQueue(SpanExporter(NOWHERE, 1.0, ledger), ledger, SIZE))
    provider.get_tracer("test").start_span("\udcff").end()
    provider.shutdown()
    assert ledger.lost == 1
    assert "spans lost: 1 (a span cannot be written (UnicodeEncodeError))" in caplog.messages


def test_a_span_with_a_moment_that_is_no_number_of_nanoseconds_takes_its_batch_with_it_and_no_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ledger = Ledger("spans", SIZE, FakeClock())
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SpanQueue(SpanExporter(NOWHERE, 1.0, ledger), ledger, SIZE))
    provider.get_tracer("test").start_span("x", start_time=1.5).end()  # type: ignore[arg-type] # that is the mistake
    provider.force_flush()
    assert ledger.lost == 1
    assert "spans lost: 1 (a span cannot be written (error))" in caplog.messages
    assert ledger.admit(SIZE), "there is room again"
    provider.shutdown()


def test_a_batch_that_is_too_large_is_lost_and_says_why(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_exporter, "_DEFAULT_MAX_REQUEST_SIZE", 100)
    ledger = Ledger("spans", SIZE, FakeClock())
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SpanQueue(SpanExporter(NOWHERE, 1.0, ledger), ledger, SIZE))
    provider.get_tracer("test").start_span("x" * 100).end()
    provider.shutdown()
    assert ledger.lost == 1
    assert "spans lost: 1 (the batch is too large)" in caplog.messages


def test_log_records_without_room_are_counted_to_the_last_one(ledger: Ledger) -> None:
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(LogQueue(HeldLogs(NOWHERE, 1.0, ledger), ledger, SIZE))
    handler = OtlpHandler(provider)
    for _ in range(SIZE + 88):
        handler.handle(logging.LogRecord("shop", logging.INFO, "", 0, "x", (), None))
    assert ledger.lost == 88
    Held.go.set()
    provider.shutdown()
    ledger.close()
    assert ledger.lost == 88


def test_a_span_that_is_recorded_but_not_sampled_is_neither_sent_nor_lost(ledger: Ledger) -> None:
    provider = TracerProvider(AlwaysRecordSampler(ALWAYS_OFF), shutdown_on_exit=False)
    provider.add_span_processor(SpanQueue(Held(NOWHERE, 1.0, ledger), ledger, SIZE))
    provider.get_tracer("test").start_span("x").end()
    Held.go.set()
    provider.shutdown()
    ledger.close()
    assert ledger.lost == 0
