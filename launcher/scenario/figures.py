"""What a service measured of itself, as the page of the console draws it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from launcher.scenario.stage import Stage

# A process of this system reports every five seconds; one that has not for so long is gone, or is not asked any more.
_FRESH_S = 12.0


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a chart. ``values`` are those since the system was broken, the oldest first; the last one is fresh."""

    instance: str
    kind: str
    attributes: dict[str, Any]
    values: tuple[float, ...]

    @property
    def now(self) -> float:
        """The last value."""
        return self.values[-1]


async def lines(stage: Stage, service: str, metric: str) -> list[Line]:
    """The lines of a *metric* that have a fresh value.

    Raises:
        Trouble: when the console does not answer.
    """
    series = (await stage.console(f"/data/metrics?service={service}"))["series"]
    return [line for each in series if each["metric"] == metric for line in _line(stage, each)]


def _line(stage: Stage, series: dict[str, Any]) -> Iterator[Line]:
    fresh_ms = (stage.clock.wall() - _FRESH_S) * 1000
    points = [(at_ms, value) for at_ms, value in series["points"] if at_ms >= stage.since_s * 1000]
    if points and points[-1][0] >= fresh_ms:
        values = tuple(value for _, value in points)
        yield Line(series["instance"], series["kind"], series["attributes"], values)
