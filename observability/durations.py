"""Histograms that cost a fraction of a microsecond to record into, and are reported as the SDK reports its own.

To tell the SDK of one duration costs ten microseconds and more: it makes an object of each, and orders its labels. Here
a tuple of values finds the counts. Each reader has a table of its own, since one may want what came since it last
asked, and another one all that ever came.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from dataclasses import dataclass, field
from math import inf

from opentelemetry.sdk.metrics import Exemplar
from opentelemetry.sdk.metrics.export import AggregationTemporality, Histogram, HistogramDataPoint, Metric
from opentelemetry.util.types import AnyValue

from discovery.clock import Clock
from observability.sampling import Start

# The SDK's own: what comes with yet other labels counts as one series.
MOST_SERIES = 2000
OVERFLOW: dict[str, AnyValue] = {"otel.metric.overflow": True}

Labels = tuple[str | int | None, ...]


@dataclass(frozen=True, slots=True)
class Instrument:
    """What a histogram is called. *labels* are the names of its labels, *bounds* the upper ends of its buckets."""

    name: str
    unit: str
    description: str
    bounds: tuple[float, ...]
    labels: tuple[str, ...] = ()


@dataclass(slots=True)
class Series:
    """What was recorded under one combination of labels since *since_ns*."""

    attributes: dict[str, AnyValue]
    since_ns: int
    counts: list[int]
    sum: float = 0
    least: float = inf
    most: float = -inf
    # The last sampled one of each bucket, until it is reported.
    exemplars: dict[int, tuple[float, int, int, int]] = field(default_factory=dict)


class Table:
    """The series of one histogram for one reader, recorded by any thread while the reader's own collects them.

    With *delta* they start anew with each report. *exemplars* says which values are kept as examples: ``trace_based``
    means those of sampled traces, ``always_on`` all.
    """

    def __init__(self, instrument: Instrument, clock: Clock, exemplars: str, *, delta: bool) -> None:
        self.instrument = instrument
        self._takes_sampled = exemplars == "trace_based"
        self._takes_all = exemplars == "always_on"
        self._clock = clock
        self._delta = delta
        self._lock = threading.Lock()
        self._series: dict[Labels, Series] = {}
        self._collected_ns = 0

    def record(self, value: float, labels: Labels, where: Start) -> None:
        """Count *value*, measured *where* a span began so; a label without a value (empty, or ``None``) is none."""
        bucket = bisect_left(self.instrument.bounds, value)
        with self._lock:
            series = self._series.get(labels)
            if series is None:
                series = self._new(labels)
            series.counts[bucket] += 1
            series.sum += value
            series.least = min(series.least, value)
            series.most = max(series.most, value)
            if self._takes_all or (self._takes_sampled and where.sampled):
                series.exemplars[bucket] = (value, self._now_ns(), where.span_id, where.trace_id)

    def collect(self) -> Metric | None:
        """What a reader is to report; ``None`` when there is nothing."""
        now_ns = self._now_ns()
        with self._lock:
            points = [self._point(series, now_ns) for series in self._series.values()]
            if self._delta:
                self._series.clear()
                self._collected_ns = now_ns
        if not points:
            return None
        temporality = AggregationTemporality.DELTA if self._delta else AggregationTemporality.CUMULATIVE
        of = self.instrument
        return Metric(of.name, of.description, of.unit, Histogram(points, temporality))

    def _point(self, series: Series, now_ns: int) -> HistogramDataPoint:
        exemplars = [Exemplar({}, *series.exemplars[bucket]) for bucket in sorted(series.exemplars)]
        series.exemplars.clear()
        return HistogramDataPoint(
            attributes=series.attributes,
            start_time_unix_nano=series.since_ns,
            time_unix_nano=now_ns,
            count=sum(series.counts),
            sum=series.sum,
            bucket_counts=tuple(series.counts),
            explicit_bounds=self.instrument.bounds,
            min=series.least,
            max=series.most,
            exemplars=exemplars,
        )

    def _new(self, labels: Labels) -> Series:
        attributes = labelled(self.instrument.labels, labels)
        if len(self._series) >= MOST_SERIES:
            labels, attributes = ("overflow",), OVERFLOW
            if (known := self._series.get(labels)) is not None:
                return known
        counts = [0] * (len(self.instrument.bounds) + 1)
        series = self._series[labels] = Series(attributes, self._collected_ns or self._now_ns(), counts)
        return series

    def _now_ns(self) -> int:
        return int(self._clock.wall() * 1e9)


def labelled(names: tuple[str, ...], values: Labels) -> dict[str, AnyValue]:
    """The labels that have a value; one that is empty, or ``None``, has none."""
    return {name: value for name, value in zip(names, values, strict=True) if value not in {"", None}}
