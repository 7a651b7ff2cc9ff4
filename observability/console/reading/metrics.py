"""What a service measured of itself in the last quarter of an hour, as lines that can be drawn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, Row, select

from observability.console.reading.figures import MS_NS, SECOND_NS
from observability.console.reading.trace import parsed
from observability.console.store.schema import POINTS, RESOURCES

_PERIOD_NS = 15 * 60 * SECOND_NS
# More than a page could show: at one report a minute, a thousand series.
_POINTS_MAX = 15_000

Points = list[tuple[float, float]]


def list_metrics(connection: Connection, service: str, now_ns: int) -> dict[str, Any]:
    """The series of all instances of *service*.

    A counter is its rate, and a histogram is two: its rate (measurements a second) and its mean, each between two
    reports.
    """
    instances = select(RESOURCES.c.id).where(RESOURCES.c.service == service)
    latest = (
        select(POINTS, POINTS.c.count.label("measured"), RESOURCES.c.instance)  # a row has a method of that name
        .join(RESOURCES, RESOURCES.c.id == POINTS.c.resource)
        .where(POINTS.c.resource.in_(instances), POINTS.c.time_ns.between(now_ns - _PERIOD_NS, now_ns))
        .order_by(POINTS.c.time_ns.desc())
        .limit(_POINTS_MAX)
    )
    reports: defaultdict[tuple[str, str, str, int], list[Row[Any]]] = defaultdict(list)
    for row in reversed(connection.execute(latest).all()):
        reports[row.metric, row.instance, row.attributes, row.resource].append(row)
    return {"series": [series for _, rows in sorted(reports.items()) for series in _series(rows)]}


def _series(rows: Sequence[Row[Any]]) -> Iterator[dict[str, Any]]:
    first = rows[0]

    def line(kind: str, unit: str, points: Points) -> dict[str, Any]:
        return {
            "metric": first.metric,
            "unit": unit,
            "kind": kind,
            "instance": first.instance,
            "attributes": parsed(first.attributes),
            "points": points,
        }

    if first.kind == "histogram":
        yield line("rate", "1/s", list(_between(rows, lambda count, _, seconds: count / seconds)))
        yield line("mean", first.unit, list(_between(rows, lambda count, total, _: total / count if count else None)))
    elif first.kind == "counter":
        yield line("rate", f"{first.unit}/s", list(_between(rows, lambda _, total, seconds: total / seconds)))
    else:
        yield line(first.kind, first.unit, [(row.time_ns / MS_NS, row.value) for row in rows])


def _between(
    rows: Sequence[Row[Any]], figure: Callable[[int, float, float], float | None]
) -> Iterator[tuple[float, float]]:
    """A figure of what came between each two reports, from how many measurements, their sum, and the seconds."""
    for earlier, later in pairwise(rows):
        # A count that falls was begun anew, by a process that was; a sum may fall as it likes, unless it counts.
        begun = later.measured < earlier.measured or (later.kind == "counter" and later.value < earlier.value)
        count = later.measured if begun else later.measured - earlier.measured
        total = later.value if begun else later.value - earlier.value
        seconds = (later.time_ns - earlier.time_ns) / SECOND_NS
        if seconds > 0 and (value := figure(count, total, seconds)) is not None:
            yield later.time_ns / MS_NS, value
