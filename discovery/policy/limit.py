"""How many requests a server works on at once: what every kind of limit answers, and the fixed kind.

A limit bounds what is under way, not a rate: by Little's law the two are the same for a given latency, and a bound on
what is under way needs no knowledge of the latency. Beyond it more work makes every answer slower and none faster.
"""

from __future__ import annotations

from typing import Protocol


class Limit(Protocol):
    """How many at once, now."""

    @property
    def value(self) -> int: ...

    def observe(self, now: float, took_s: float, in_flight: int) -> None:
        """A request took so many seconds; so many were under way when it ended, itself included."""
        ...


class FixedLimit:
    """Says what it was told to say."""

    __slots__ = ("value",)

    def __init__(self, value: int) -> None:
        self.value = value

    def observe(self, now: float, took_s: float, in_flight: int) -> None:
        return None
