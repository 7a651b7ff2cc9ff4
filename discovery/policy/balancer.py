"""The contracts of choosing one instance out of several.

A :class:`Balancer` is what somebody brings along: it is shown everybody at each choice. A :class:`Picker` is what the
engine asks: made anew when those who may be chosen change, so that a choice costs the same for ten as for ten thousand.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from random import Random
from typing import Generic, Protocol, Self, TypeVar


class Candidate(Protocol):
    """Somebody who may be chosen. A lower cost is preferred."""

    def cost(self, now: float, /) -> float:
        """How loaded the candidate is, in seconds of expected waiting, divided by its weight."""
        ...


C = TypeVar("C", bound=Candidate)
T = TypeVar("T")


class Balancer(Protocol):
    """Chooses. Called for every attempt, so it must neither block nor fail.

    *candidates* is never empty, and holds only those that may be chosen: health, ejection and "not the one
    that just failed" are decided before. The caller passes the same sequence again while nothing changed.
    """

    def pick(self, candidates: Sequence[C], now: float, rng: Random, /) -> C: ...


class Picker(Protocol[T]):
    """Chooses among those it was made for."""

    def pick(self, now: float, rng: Random) -> T:
        """Choose one."""
        ...

    def pick_other(self, now: float, rng: Random, without: Collection[T]) -> T | None:
        """Choose somebody who is not one of *without*; ``None`` when there is nobody else."""
        ...

    def by_count(self) -> Self:
        """A picker of the same for what lasts, of which latencies say nothing."""
        ...


class BalancerPicker(Generic[C]):
    """Picks by somebody's own balancer, among *candidates*, of whom there is at least one."""

    __slots__ = ("_balancer", "_candidates")

    def __init__(self, balancer: Balancer, candidates: Sequence[C]) -> None:
        self._balancer = balancer
        self._candidates = candidates

    def pick(self, now: float, rng: Random) -> C:
        """Choose one."""
        return self._balancer.pick(self._candidates, now, rng)

    def pick_other(self, now: float, rng: Random, without: Collection[C]) -> C | None:
        """Choose somebody who is not one of *without*; ``None`` when there is nobody else."""
        others = [each for each in self._candidates if each not in without]
        return self._balancer.pick(others, now, rng) if others else None

    def by_count(self) -> Self:
        """Itself: somebody's own balancer is told costs, and what it makes of them is its affair."""
        return self
