"""What is sent in one round, and what a round took: the words between a run and its client processes."""

from __future__ import annotations

from dataclasses import dataclass

ANSWER_BYTES = 200
BODY_BYTES = 2048


@dataclass(frozen=True, slots=True)
class Cell:
    """One way of sending. ``unique`` paths are never the same twice, as with ids in them."""

    method: str
    concurrent: int
    unique: bool

    def __str__(self) -> str:
        return f"{self.method}, {self.concurrent} at a time, {'unique paths' if self.unique else 'one path'}"


CELLS = tuple(
    Cell(method, concurrent, unique)
    for method in ("GET", "POST")
    for concurrent in (16, 64)
    for unique in (False, True)
)


@dataclass(frozen=True, slots=True)
class Round:
    """What so many calls took, and what they used of a processor: in the client, and in whatever else it needs."""

    calls: int
    took_s: float
    used_s: float

    @property
    def rate(self) -> float:
        """Calls per second."""
        return self.calls / self.took_s

    @property
    def cost_us(self) -> float:
        """Processor time of a call."""
        return self.used_s / self.calls * 1e6
