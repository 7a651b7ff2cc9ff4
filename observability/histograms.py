"""Makes the histograms of one process: ours, or the SDK's where a reader wants buckets that only those have."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Protocol

from opentelemetry.metrics import Meter
from opentelemetry.sdk.environment_variables import OTEL_METRICS_EXEMPLAR_FILTER
from opentelemetry.trace import NonRecordingSpan, set_span_in_context

from discovery.clock import Clock
from observability.durations import Instrument, Labels, Table, labelled
from observability.readers import Reader
from observability.sampling import Start


class Histogram(Protocol):
    """Where durations are recorded, in seconds."""

    def record(self, value: float, labels: Labels, where: Start, /) -> None:
        """Count *value* under *labels*, which was measured *where* a span began so."""
        ...


class Histograms:
    """Makes histograms that all of *readers* report."""

    def __init__(self, readers: Sequence[Reader], clock: Clock) -> None:
        self._readers = readers
        self._clock = clock

    def create(self, meter: Meter, instrument: Instrument) -> Histogram:
        """Make one; *meter* makes it where a reader wants exponential buckets."""
        if any(reader.wants_exponential for reader in self._readers):
            return SdkHistogram(meter, instrument)
        # The meters' provider reads the same variable, and refuses what it does not know.
        exemplars = os.environ.get(OTEL_METRICS_EXEMPLAR_FILTER, "trace_based")
        tables = [Table(instrument, self._clock, exemplars, delta=reader.wants_delta) for reader in self._readers]
        for reader, table in zip(self._readers, tables, strict=True):
            reader.tables.append(table)
        return tables[0] if len(tables) == 1 else Each(tables)


class Each:
    """A table for each of several readers, or of none."""

    def __init__(self, tables: Sequence[Table]) -> None:
        self._tables = tables

    def record(self, value: float, labels: Labels, where: Start) -> None:
        """Count *value* in all of them."""
        for table in self._tables:
            table.record(value, labels, where)


class SdkHistogram:
    """The SDK's histogram, told in the same way."""

    def __init__(self, meter: Meter, instrument: Instrument) -> None:
        self._names = instrument.labels
        self._histogram = meter.create_histogram(
            instrument.name,
            instrument.unit,
            instrument.description,
            explicit_bucket_boundaries_advisory=instrument.bounds,
        )

    def record(self, value: float, labels: Labels, where: Start) -> None:
        """Tell the SDK."""
        context = set_span_in_context(NonRecordingSpan(where.context))
        self._histogram.record(value, labelled(self._names, labels), context)
