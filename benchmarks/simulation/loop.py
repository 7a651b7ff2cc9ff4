"""Virtual time: what happens next, in an order that depends on nothing but the seed."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from random import Random


class Loop:
    """Runs what was scheduled, by time, and of equals what was scheduled first. ``trace`` is kept where asked for."""

    def __init__(self, seed: int, *, traced: bool = False) -> None:
        self.now = 0.0
        self.rng = Random(seed)
        self.trace: list[str] | None = [] if traced else None
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._scheduled = 0

    def at(self, moment: float, do: Callable[[], None]) -> None:
        """Schedule *do*; a moment that has passed is now."""
        self._scheduled += 1
        heappush(self._queue, (max(moment, self.now), self._scheduled, do))

    def after(self, seconds: float, do: Callable[[], None]) -> None:
        """Schedule *do*, counted from now."""
        self.at(self.now + seconds, do)

    def run(self, until: float) -> None:
        """Let time pass."""
        queue = self._queue
        while queue and queue[0][0] <= until:
            self.now, _, do = heappop(queue)
            do()
        self.now = until

    def note(self, *words: object) -> None:
        """Write down what happens, for the comparison of two runs."""
        if self.trace is not None:
            self.trace.append(f"{self.now:.9f} {' '.join(str(word) for word in words)}")
