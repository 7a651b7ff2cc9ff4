"""For tests: an observer whose spans and measurements stay in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, Metric, NumberDataPoint
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import DEFAULT_ON, Sampler

from discovery.clock import Clock, SystemClock
from discovery.model import Instance
from discovery.observer import Observer
from observability.histograms import Histograms
from observability.pipeline import resource
from observability.readers import InMemoryReader
from observability.setup import telemetry
from observability.spans import Span, Value, from_sdk


class Recorded:
    """What an observer was told, so far."""

    def __init__(self, observer: Observer, exporter: InMemorySpanExporter, reader: InMemoryReader) -> None:
        self.observer = observer
        self._exporter = exporter
        self._reader = reader

    def spans(self) -> tuple[Span, ...]:
        """The finished spans, in the order in which they ended."""
        return tuple(from_sdk(span) for span in self._exporter.get_finished_spans())

    def measured(self, metric: str) -> list[tuple[Mapping[str, Value], float]]:
        """The series of *metric*: labels, and how many values there were, or what the value is."""
        return [
            (
                {key: value for key, value in (point.attributes or {}).items() if isinstance(value, Value)},
                point.count if isinstance(point, HistogramDataPoint) else point.value,
            )
            for each in self._read()
            if each.name == metric
            for point in each.data.data_points
            if isinstance(point, HistogramDataPoint | NumberDataPoint)
        ]

    def metrics(self) -> list[str]:
        """The names of all metrics that have a series."""
        return [each.name for each in self._read()]

    def _read(self) -> Iterator[Metric]:
        data = self._reader.get_metrics_data()
        for group in data.resource_metrics if data else ():
            for scope in group.scope_metrics:
                yield from scope.metrics


@contextmanager
def recorded(identity: Instance, *, sampler: Sampler = DEFAULT_ON, clock: Clock | None = None) -> Iterator[Recorded]:
    """Observe as :func:`observability.observer` does, without any set-up of logs or globals."""
    exporter = InMemorySpanExporter()
    reader, clock = InMemoryReader(), clock or SystemClock()
    traces = TracerProvider(sampler, resource(identity), shutdown_on_exit=False)
    traces.add_span_processor(SimpleSpanProcessor(exporter))
    metrics = MeterProvider([reader], resource(identity), shutdown_on_exit=False)
    try:
        yield Recorded(telemetry(traces, metrics, Histograms([reader], clock), clock), exporter, reader)
    finally:
        traces.shutdown()
        metrics.shutdown()
