"""The contract of choosing one instance out of several."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Protocol, TypeVar


class Candidate(Protocol):
    """Somebody who may be chosen. A lower cost is preferred."""

    def cost(self, now: float, /) -> float:
        """How loaded the candidate is, in seconds of expected waiting, divided by its weight."""
        ...


C = TypeVar("C", bound=Candidate)


class Balancer(Protocol):
    """Chooses. Called for every attempt, so it must neither block nor fail.

    *candidates* is never empty, and holds only those that may be chosen: health, ejection and "not the one
    that just failed" are decided before. The caller passes the same sequence again while nothing changed.
    """

    def pick(self, candidates: Sequence[C], now: float, rng: Random, /) -> C: ...
