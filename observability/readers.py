"""Readers of metrics that report our own histograms beside what the SDK gathered.

The SDK knows no other way to hand it a finished histogram: what is observed when a reader asks are single values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from opentelemetry.sdk.metrics import Histogram
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    InMemoryMetricReader,
    Metric,
    MetricReader,
    MetricsData,
    PeriodicExportingMetricReader,
    ResourceMetrics,
)
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation

from observability import semconv
from observability.durations import Table


class Reader(MetricReader):
    """Adds what *tables* hold; stands before the class that reports, in the list of what a reader inherits."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.tables: list[Table] = []
        super().__init__(*args, **kwargs)

    @property
    def wants_delta(self) -> bool:
        """Whether histograms start anew with each report."""
        return (self._preferred_temporality or {}).get(Histogram) is AggregationTemporality.DELTA

    @property
    def wants_exponential(self) -> bool:
        """Whether histograms are to have other buckets than those they are made with."""
        return any(
            isinstance(each, ExponentialBucketHistogramAggregation)
            for each in self._instrument_class_aggregation.values()
        )

    def _receive_metrics(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: Any) -> None:
        own = [metric for table in self.tables if (metric := table.collect()) is not None]
        super()._receive_metrics(_with(metrics_data, own), timeout_millis, **kwargs)  # type: ignore[safe-super]  # another one stands behind


class PeriodicReader(Reader, PeriodicExportingMetricReader):
    """Sends a report every minute, or however long ``OTEL_METRIC_EXPORT_INTERVAL`` says."""


class InMemoryReader(Reader, InMemoryMetricReader):
    """Reports to a test."""


def _with(data: MetricsData, own: Sequence[Metric]) -> MetricsData:
    """The report and our own, under our scope; whoever records into a histogram also counts, so that is there."""
    return MetricsData([_with_ours(group, own) for group in data.resource_metrics])


def _with_ours(group: ResourceMetrics, own: Sequence[Metric]) -> ResourceMetrics:
    scopes = [
        replace(each, metrics=[*own, *each.metrics]) if each.scope.name == semconv.SCOPE else each
        for each in group.scope_metrics
    ]
    return replace(group, scope_metrics=scopes)
