"""Counts that the SDK fetches when it reports.

To tell it of each event costs microseconds; to count one here costs a fraction of one. So whatever is counted on every
call is counted here.
"""

from __future__ import annotations

from collections.abc import Iterator

from opentelemetry.metrics import CallbackOptions, Observation


class Tally:
    """One count for each combination of labels, of which there are few: whoever adds sees to that."""

    __slots__ = ("_counts", "_names")

    def __init__(self, *names: str) -> None:
        self._names = names
        self._counts: dict[tuple[str, ...], int] = {}

    def add(self, *values: str, by: int = 1) -> None:
        """Count, under a value for each name; an empty one makes no label."""
        self._counts[values] = self._counts.get(values, 0) + by

    def __call__(self, _: CallbackOptions) -> Iterator[Observation]:
        """What was counted so far; asked from the thread that reports, while counting goes on."""
        for values, count in self._counts.copy().items():
            yield Observation(count, {name: value for name, value in zip(self._names, values, strict=True) if value})
