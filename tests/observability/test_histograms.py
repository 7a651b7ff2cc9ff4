"""Our histograms beside the SDK's, told the same: through OTLP, and as Prometheus reads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.sdk.environment_variables import (
    OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION,
    OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE,
    OTEL_METRICS_EXEMPLAR_FILTER,
)
from opentelemetry.sdk.metrics import Histogram as SdkInstrument
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    ExponentialHistogram,
    Histogram,
    HistogramDataPoint,
)
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation
from opentelemetry.trace import TraceFlags
from prometheus_client import CollectorRegistry, generate_latest

from discovery.testing.clock import FakeClock
from observability import semconv
from observability.durations import MOST_SERIES, Instrument, Labels
from observability.export import MetricExporter
from observability.exposition import PrometheusReader
from observability.histograms import Histograms, SdkHistogram
from observability.ledger import Ledger
from observability.readers import InMemoryReader, PeriodicReader, Reader
from observability.sampling import Start

SAMPLED = Start(Context(), None, 7, 8, TraceFlags.SAMPLED, None)
UNSAMPLED = Start(Context(), None, 9, 10, TraceFlags.DEFAULT, None)

INSTRUMENT = Instrument("http.duration", "s", "How long it took.", (0.005, 0.1, 1.0), ("method", "status", "error"))
DELTA = {SdkInstrument: AggregationTemporality.DELTA}

Recording = tuple[float, Labels, Start]
Report = tuple[tuple[str, str, str], AggregationTemporality, list[HistogramDataPoint]]


@dataclass
class Side:
    """One provider, with a histogram of ours or of the SDK's, and a counter: who measures counts as well."""

    ours: bool
    readers: Sequence[Reader]
    clock: FakeClock = field(default_factory=FakeClock)

    def __post_init__(self) -> None:
        self.provider = MeterProvider(self.readers, shutdown_on_exit=False)
        meter = self.provider.get_meter(semconv.SCOPE, schema_url=semconv.SCHEMA_URL)
        self.histogram = (
            Histograms(self.readers, self.clock).create(meter, INSTRUMENT)
            if self.ours
            else SdkHistogram(meter, INSTRUMENT)
        )
        self.counter = meter.create_counter("count")

    def record(self, recordings: Sequence[Recording]) -> None:
        self.counter.add(1)
        for recording in recordings:
            self.histogram.record(*recording)

    def report(self, reader: InMemoryReader) -> Report | None:
        """The histogram as *reader* reports it, without the times at which that was."""
        data = reader.get_metrics_data()
        assert data is not None
        for group in data.resource_metrics:
            for scope in group.scope_metrics:
                for metric in scope.metrics:
                    if isinstance(metric.data, Histogram):
                        points = [timeless(point) for point in metric.data.data_points]
                        called = (metric.name, metric.description or "", metric.unit or "")
                        return called, metric.data.aggregation_temporality, points
        return None


def timeless(point: HistogramDataPoint) -> HistogramDataPoint:
    exemplars = [replace(each, time_unix_nano=0) for each in point.exemplars]
    return replace(point, start_time_unix_nano=0, time_unix_nano=0, exemplars=exemplars)


def reader(temporality: AggregationTemporality) -> InMemoryReader:
    return InMemoryReader(preferred_temporality={SdkInstrument: temporality})


recordings = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.005, 0.0051, 0.02, 0.1, 0.5, 1.0, 30.0]),
        st.tuples(st.sampled_from(["GET", "PUT"]), st.sampled_from([200, 500, None]), st.sampled_from(["", "500"])),
        st.sampled_from([SAMPLED, UNSAMPLED]),
    ),
    max_size=20,
)


@pytest.mark.parametrize("exemplars", ["trace_based", "always_on", "always_off"])
@pytest.mark.parametrize("temporality", list(AggregationTemporality)[1:])
def test_each_report_is_the_one_that_the_sdk_would_make(
    temporality: AggregationTemporality, exemplars: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(OTEL_METRICS_EXEMPLAR_FILTER, exemplars)

    @settings(max_examples=30)
    @given(st.lists(recordings, min_size=1, max_size=3))
    def same(reports: list[list[Recording]]) -> None:
        theirs, ours = reader(temporality), reader(temporality)
        sides = Side(False, [theirs]), Side(True, [ours])
        for report in reports:
            for side in sides:
                side.record(report)
            assert_same(sides[0].report(theirs), sides[1].report(ours))

    same()


def assert_same(theirs: Report | None, ours: Report | None) -> None:
    if theirs is None or ours is None:
        assert theirs is ours
        return
    assert ours[:2] == theirs[:2]
    for one, other in zip(ours[2], theirs[2], strict=True):
        # The SDK adds up report by report, so the last digits may differ.
        assert one.sum == pytest.approx(other.sum)
        assert replace(one, sum=0) == replace(other, sum=0)


@pytest.fixture
def recorded() -> Iterator[tuple[Side, ...]]:
    sides = (
        Side(False, [reader(AggregationTemporality.CUMULATIVE)]),
        Side(True, [reader(AggregationTemporality.CUMULATIVE)]),
    )
    for side in sides:
        side.record([(0.25, ("GET", 200, ""), SAMPLED), (0.5, ("GET", 500, "500"), UNSAMPLED)])
    yield sides
    for side in sides:
        side.provider.shutdown()


def test_the_same_goes_out_by_otlp(recorded: tuple[Side, ...]) -> None:
    bodies = []
    for side in recorded:
        (source,) = side.readers
        assert isinstance(source, InMemoryReader)
        data = source.get_metrics_data()
        assert data is not None
        scope = encode_metrics(data).resource_metrics[0].scope_metrics[0]
        (metric,) = [each for each in scope.metrics if each.name == INSTRUMENT.name]
        for point in metric.histogram.data_points:
            assert 0 < point.start_time_unix_nano <= point.time_unix_nano
            point.start_time_unix_nano = point.time_unix_nano = 0
            for exemplar in point.exemplars:
                assert exemplar.time_unix_nano > 0
                exemplar.time_unix_nano = 0
        bodies.append((scope.scope.name, scope.schema_url, metric.SerializeToString(deterministic=True)))
    assert bodies[0] == bodies[1]
    assert b"How long it took." in bodies[0][2]


def test_the_same_is_read_by_prometheus() -> None:
    texts = []
    for ours in (False, True):
        registry = CollectorRegistry()
        side = Side(ours, [PrometheusReader(registry=registry)])
        side.record([(0.25, ("GET", 200, ""), SAMPLED), (0.5, ("GET", 500, "500"), UNSAMPLED)])
        texts.append(sorted(generate_latest(registry).decode().splitlines()))
        side.provider.shutdown()
    assert texts[0] == texts[1]
    assert any("http_duration_seconds_bucket" in line for line in texts[0])


def test_each_reader_gets_all_of_it_in_its_own_way() -> None:
    since, ever = reader(AggregationTemporality.DELTA), reader(AggregationTemporality.CUMULATIVE)
    side = Side(True, [since, ever])
    for _ in range(2):
        side.record([(0.25, ("GET", 200, ""), SAMPLED)])
        side.report(since)
    side.record([(0.25, ("GET", 200, ""), SAMPLED)])
    counts = [report[2][0].count for each in (since, ever) if (report := side.report(each))]
    assert counts == [1, 3]


async def test_a_series_says_since_when_and_until_when() -> None:
    source = reader(AggregationTemporality.DELTA)
    side, begin = Side(True, [source]), 1_700_000_000
    times = []
    for _ in range(2):
        await side.clock.advance(5)
        side.record([(0.25, ("GET", 200, ""), SAMPLED)])
        await side.clock.advance(1)
        data = source.get_metrics_data()
        assert data is not None
        (point,) = data.resource_metrics[0].scope_metrics[0].metrics[0].data.data_points
        assert isinstance(point, HistogramDataPoint)
        (example,) = point.exemplars
        moments = (point.start_time_unix_nano, example.time_unix_nano, point.time_unix_nano)
        times.append([moment // 10**9 - begin for moment in moments])
    assert times == [[5, 5, 6], [6, 11, 12]], "the second begins where the first ended"


def test_too_many_series_count_as_one_more() -> None:
    sides = []
    for ours in (False, True):
        source = reader(AggregationTemporality.CUMULATIVE)
        side = Side(ours, [source])
        side.record([(0.25, (f"M{number}", None, ""), UNSAMPLED) for number in range(MOST_SERIES + 10)])
        sides.append(side.report(source))
    assert_same(*sides)
    assert sides[1] is not None
    assert dict(sides[1][2][-1].attributes or {}) == {"otel.metric.overflow": True}


def test_whoever_wants_exponential_buckets_gets_the_sdks() -> None:
    source = InMemoryReader(preferred_aggregation={SdkInstrument: ExponentialBucketHistogramAggregation()})
    side = Side(True, [source])
    side.record([(0.25, ("GET", 200, ""), SAMPLED)])
    data = source.get_metrics_data()
    assert data is not None
    kinds = [type(each.data) for each in data.resource_metrics[0].scope_metrics[0].metrics]
    assert ExponentialHistogram in kinds


@pytest.mark.parametrize(
    ("variable", "value", "delta", "exponential"),
    [
        (OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE, "cumulative", False, False),
        (OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE, "delta", True, False),
        (OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE, "lowmemory", True, False),
        (OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION, "base2_exponential_bucket_histogram", False, True),
    ],
)
def test_what_the_environment_wants_of_reports_is_heeded(
    variable: str, value: str, delta: bool, exponential: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    exporter = MetricExporter("http://127.0.0.1:9", 1.0, Ledger("reports", 1, FakeClock()))
    source = PeriodicReader(exporter, export_interval_millis=inf)
    assert (source.wants_delta, source.wants_exponential) == (delta, exponential)


def test_without_a_reader_nothing_is_kept() -> None:
    side = Side(True, [])
    side.record([(0.25, ("GET", 200, ""), SAMPLED)])
