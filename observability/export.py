"""Getting telemetry out over HTTP, in batches, from threads that nobody ever waits for.

These are the SDK's exporters and processors, but for the encoding of spans; each has a
:class:`~observability.ledger.Ledger` that knows what became of what it was given.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import requests
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import ReadableLogRecord, ReadWriteLogRecord
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExportResult
from opentelemetry.sdk.metrics.export import MetricExportResult, MetricsData
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, Tracer
from opentelemetry.sdk.trace import export as sdk_export
from opentelemetry.sdk.trace._tracer_metrics import NoOpTracerMetrics
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult

from observability import semconv
from observability.call_spans import CallSpans
from observability.encoding import encode
from observability.ledger import Ledger
from observability.queries import Queries, QueryQueue
from observability.recording import is_unlimited
from observability.request_span import RequestSpan
from observability.sending import client_of, most_bytes


class Link(requests.Session):
    """A session that remembers why its last request failed: the exporters do not say."""

    def __init__(self) -> None:
        super().__init__()
        self.trouble = ""

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        """Send it, as the base class does."""
        try:
            response = super().request(*args, **kwargs)
        except OSError as exc:
            # Only the kind: the text quotes the URL, which may hold a password.
            self.trouble = f"the collector is away ({type(exc).__name__})"
            raise
        self.trouble = "" if response.ok else f"the collector answered {response.status_code}"
        return response


class SpanExporter(OTLPSpanExporter):
    """Sends spans, and keeps the ledger."""

    def __init__(self, endpoint: str, timeout_s: float, ledger: Ledger) -> None:
        self._link = Link()
        super().__init__(endpoint, timeout=timeout_s, session=self._link)
        self._sends, self._most_bytes = client_of(self), most_bytes(self)
        self._ledger = ledger

    def export(self, spans: Sequence[ReadableSpan | CallSpans | Queries]) -> SpanExportResult:
        """Send a batch; called by the thread of the processor."""
        count = sum(span.size if isinstance(span, CallSpans | Queries) else 1 for span in spans)
        result = self._send(spans, count)
        if result is SpanExportResult.SUCCESS:
            self._ledger.delivered(count)
        else:
            self._ledger.failed(count, self._link.trouble)
        return result

    def _send(self, spans: Sequence[ReadableSpan | CallSpans | Queries], count: int) -> SpanExportResult:
        """Do as the base class does, but for the encoding."""
        if self._shutdown:
            return SpanExportResult.FAILURE
        with self._metrics.export_operation(count) as result:
            try:
                body = encode(spans)
            except Exception as error:  # noqa: BLE001 - whatever it is, those that wait are accounted for
                self._link.trouble = f"a span cannot be written ({type(error).__name__})"
                result.error = error
                return SpanExportResult.FAILURE
            if 0 < self._most_bytes < len(body):
                self._link.trouble = "the batch is too large"
                result.error = ValueError(self._link.trouble)
                return SpanExportResult.FAILURE
            sent = self._sends.export(body)
            if not sent.success:
                result.error = sent.error
                if sent.status_code is not None:
                    result.error_attrs = {semconv.HTTP_RESPONSE_STATUS_CODE: sent.status_code}
                return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS


class LogExporter(OTLPLogExporter):
    """Sends log records, and keeps the ledger."""

    def __init__(self, endpoint: str, timeout_s: float, ledger: Ledger) -> None:
        self._link = Link()
        super().__init__(endpoint, timeout=timeout_s, session=self._link)
        self._ledger = ledger

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        """Send a batch; called by the thread of the processor."""
        result = super().export(batch)
        if result is LogRecordExportResult.SUCCESS:
            self._ledger.delivered(len(batch))
        else:
            self._ledger.failed(len(batch), self._link.trouble)
        return result


class MetricExporter(OTLPMetricExporter):
    """Sends metrics, and keeps the ledger, whose unit here is a whole report: the next one says it all again."""

    def __init__(self, endpoint: str, timeout_s: float, ledger: Ledger) -> None:
        self._link = Link()
        super().__init__(endpoint, timeout=timeout_s, session=self._link)
        self._ledger = ledger

    def export(
        self, metrics_data: MetricsData, timeout_millis: float | None = 10_000, **kwargs: Any
    ) -> MetricExportResult:
        """Send one report; called by the thread of the reader."""
        self._ledger.admit()
        result = super().export(metrics_data, timeout_millis, **kwargs)
        if result is MetricExportResult.SUCCESS:
            self._ledger.delivered(1)
        else:
            self._ledger.failed(1, self._link.trouble)
        return result


class SpanQueue(BatchSpanProcessor, QueryQueue):
    """The SDK's batches, behind a ledger: a span without room is counted, and costs a few hundred nanoseconds."""

    def __init__(self, exporter: sdk_export.SpanExporter, ledger: Ledger, size: int) -> None:
        super().__init__(exporter, max_queue_size=size)
        self._writes_calls = isinstance(exporter, SpanExporter)
        self._ledger = ledger
        self._processors: tuple[SpanProcessor, ...] = ()
        self._is_alone = False

    def on_end(self, span: ReadableSpan) -> None:
        """Queue *span*; never waits."""
        if isinstance(span, RequestSpan):
            sampled = span.began.sampled
        else:
            context = span.get_span_context()
            sampled = context is not None and context.trace_flags.sampled
        if sampled and self._ledger.admit():
            self._batch_processor.emit(span)

    def take(self, spans: CallSpans) -> bool:
        """Queue all spans of a call at once, if nobody but our own exporter wants to see them; never waits."""
        processors = spans.tracer.span_processor._span_processors  # noqa: SLF001 - there is no other way to ask
        if processors is not self._processors:
            self._processors, self._is_alone = processors, self._is_all(spans.tracer, processors)
        if self._is_alone and spans.start.sampled and self._ledger.admit(spans.size):
            self._batch_processor.emit(spans)  # type: ignore[arg-type]  # our exporter knows what it gets
        return self._is_alone

    def take_queries(self, queries: Queries) -> bool:
        """Queue all that a unit of work asked of its database at once, if our exporter is to write it; never waits."""
        is_ours = self._writes_calls and queries.is_whole
        if is_ours and self._ledger.admit(queries.size):
            self._batch_processor.emit(queries)  # type: ignore[arg-type]  # our exporter knows what it gets
        return is_ours

    def _is_all(self, tracer: Tracer, processors: tuple[SpanProcessor, ...]) -> bool:
        """Whether a span does nothing but reach our exporter, whole."""
        limits, own = tracer._span_limits, tracer._tracer_metrics  # noqa: SLF001 - likewise
        is_plain = is_unlimited(limits) and isinstance(own, NoOpTracerMetrics)
        return self._writes_calls and processors == (self,) and is_plain


class LogQueue(BatchLogRecordProcessor):
    """The same for log records."""

    def __init__(self, exporter: LogExporter, ledger: Ledger, size: int) -> None:
        super().__init__(exporter, max_queue_size=size)
        self._ledger = ledger

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Queue the record; never waits."""
        if self._ledger.admit():
            super().on_emit(log_record)
