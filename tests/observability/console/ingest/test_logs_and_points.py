from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AggregationTemporality,
    ExponentialHistogramDataPoint,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    SummaryDataPoint,
)

from observability.console.ingest.stored import Stored
from tests.observability.console.ingest.otlp import START, console, logs, metrics, trace_id


def lines(*some: LogRecord) -> bytes:
    request = ExportLogsServiceRequest()
    request.resource_logs.add().scope_logs.add().log_records.extend(some)
    return bytes(request.SerializeToString())


def reports(*some: Metric) -> bytes:
    request = ExportMetricsServiceRequest()
    request.resource_metrics.add().scope_metrics.add().metrics.extend(some)
    return bytes(request.SerializeToString())


async def test_a_line_becomes_a_row(tmp_path: Path) -> None:
    async with console(tmp_path) as stores:
        assert await stores.store(logs("hello", {"a": 1}, trace=1), "logs") == Stored(new=2)
        row, other = await stores.rows("SELECT * FROM logs")
        assert stores.recorder.received["logs"] == 2
    assert (row["body"], other["body"]) == ("hello", '{"a":1}')
    assert (row["level"], row["severity"], row["logger"]) == ("warn", 13, "services.ports")
    assert (row["trace_id"], row["span_id"], row["time_ns"]) == (trace_id(1), b"", START)


@pytest.mark.parametrize(
    ("number", "text", "level"), [(1, "", "trace"), (9, "", "info"), (24, "", "fatal"), (0, "Notice", "notice")]
)
async def test_a_level_has_a_name(tmp_path: Path, number: int, text: str, level: str) -> None:
    line = LogRecord(severity_text=text, observed_time_unix_nano=7)
    line.severity_number = number  # type: ignore[assignment]  # a number is what comes over the wire
    async with console(tmp_path) as stores:
        await stores.store(lines(line), "logs")
        assert [(row["level"], row["time_ns"]) for row in await stores.rows("SELECT * FROM logs")] == [(level, 7)]


async def test_a_line_with_half_an_id_is_left_out(tmp_path: Path) -> None:
    async with console(tmp_path) as stores:
        stored = await stores.store(lines(LogRecord(trace_id=b"half"), LogRecord(span_id=b"12345678")), "logs")
    assert stored == Stored(broken=2)


async def test_every_point_is_a_row(tmp_path: Path) -> None:
    histogram = HistogramDataPoint(count=3, sum=1.5, explicit_bounds=[1.0], bucket_counts=[2, 1], time_unix_nano=START)
    sent = [Metric(name=name, unit="s") for name in ("gauge", "sum", "histogram", "exponential", "summary")]
    sent[0].gauge.data_points.append(NumberDataPoint(as_int=7))
    sent[1].sum.data_points.append(NumberDataPoint(as_double=0.5))
    sent[2].histogram.data_points.append(histogram)
    sent[3].exponential_histogram.data_points.append(ExponentialHistogramDataPoint(count=2, sum=4.0))
    sent[4].summary.data_points.append(SummaryDataPoint(count=1, sum=2.0))
    async with console(tmp_path) as stores:
        assert await stores.store(reports(*sent), "metrics") == Stored(new=5)
        found = await stores.rows("SELECT metric, kind, value, count, buckets FROM points")
    buckets = json.dumps({"bounds": [1.0], "counts": [2, 1]}, separators=(",", ":"))
    assert [tuple(row.values()) for row in found] == [
        ("gauge", "gauge", 7.0, 0, ""),
        ("sum", "sum", 0.5, 0, ""),
        ("histogram", "histogram", 1.5, 3, buckets),
        ("exponential", "histogram", 4.0, 2, ""),
        ("summary", "histogram", 2.0, 1, ""),
    ]


async def test_only_a_sum_that_grows_from_the_beginning_of_its_process_is_a_counter(tmp_path: Path) -> None:
    cumulative = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    delta = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
    sent = []
    for name, grows, temporality in [("grows", True, cumulative), ("both", False, cumulative), ("delta", True, delta)]:
        metric = Metric(name=name)
        metric.sum.is_monotonic = grows
        metric.sum.aggregation_temporality = temporality
        metric.sum.data_points.append(NumberDataPoint(as_int=7))
        sent.append(metric)
    async with console(tmp_path) as stores:
        await stores.store(reports(*sent), "metrics")
        found = await stores.rows("SELECT metric, kind FROM points")
    assert [tuple(row.values()) for row in found] == [("grows", "counter"), ("both", "sum"), ("delta", "sum")]


async def test_a_point_whose_value_is_no_number_is_left_out(tmp_path: Path) -> None:
    async with console(tmp_path) as stores:
        assert await stores.store(metrics(math.nan, 1.0, math.inf), "metrics") == Stored(new=1, broken=2)


async def test_a_report_of_nothing_is_none(tmp_path: Path) -> None:
    silent = Metric(name="silent")
    silent.gauge.data_points.append(NumberDataPoint(flags=1))
    async with console(tmp_path) as stores:
        assert await stores.store(reports(silent, Metric(name="empty")), "metrics") == Stored()
