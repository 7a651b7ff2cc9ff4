"""Storing the points of metrics."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality
from sqlalchemy import Connection

from observability.console.ingest.forms import Group
from observability.console.ingest.resources import Resource
from observability.console.ingest.rows import rows
from observability.console.ingest.stored import Stored
from observability.console.ingest.values import attributes, chosen, encoded, json_text, moment, short

_ADD = """
INSERT INTO points (resource, metric, unit, kind, attributes, time_ns, value, count, buckets)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""

# Each report says the whole sum since the process began.
_CUMULATIVE = int(AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE)

# The kinds of OTLP, and what they are for us. The last two have no buckets that one could draw beside others.
_KINDS = {
    "gauge": "gauge",
    "sum": "sum",
    "histogram": "histogram",
    "exponential_histogram": "histogram",
    "summary": "histogram",
}

# The conventions advise fourteen.
_MAX_BUCKETS = 256

# A bit of a point's flags: this report has no value.
_NO_VALUE = 1

PointRow = tuple[int, str, str, str, str, int, float, int, str]


def store_points(connection: Connection, groups: Iterable[Group]) -> Stored:
    """Store all of them."""
    stored = Stored()
    for chunk in rows(connection, groups, point_rows, stored):
        connection.exec_driver_sql(_ADD, list(chunk))
        stored.new += len(chunk)
    return stored


def point_rows(group: Group, resource: Resource) -> Iterator[PointRow | None]:
    """A row for each point; None for one whose value is no number."""
    for metric in group.records:
        kind, points = _points(metric)
        for point in points:
            if int(point.flags or 0) & _NO_VALUE:
                continue
            value = _sum(point) if kind == "histogram" else _number(point)
            if not math.isfinite(value):
                yield None
                continue
            yield (
                resource.id,
                short(metric.name),
                short(metric.unit),
                kind,
                encoded(attributes(point.attributes)),
                moment(point.time_unix_nano),
                value,
                moment(point.count) if kind == "histogram" else 0,
                _buckets(point) if kind == "histogram" else "",
            )


def count_points(groups: Iterable[Group]) -> int:
    """How many points there are; a metric that could not be read counts as one."""
    return sum(group.broken + sum(len(_points(metric)[1]) for metric in group.records) for group in groups)


def _points(metric: Any) -> tuple[str, Any]:
    name = chosen(metric, "data", _KINDS)
    if not name:
        return "", ()
    data = getattr(metric, name)
    counts = name == "sum" and data.is_monotonic and data.aggregation_temporality == _CUMULATIVE
    return "counter" if counts else _KINDS[name], data.data_points


def _number(point: Any) -> float:
    return _float(point.as_double or point.as_int)


def _sum(point: Any) -> float:
    return _float(point.sum)


def _float(value: float | None) -> float:
    try:
        return float(value or 0.0)
    except OverflowError:
        return math.inf


def _buckets(point: Any) -> str:
    bounds = getattr(point, "explicit_bounds", ())
    if not bounds or len(bounds) > _MAX_BUCKETS or len(point.bucket_counts) != len(bounds) + 1:
        return ""
    return json_text({"bounds": list(bounds), "counts": [moment(each) for each in point.bucket_counts]})
