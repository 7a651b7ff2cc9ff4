"""Balancers to compare ours with, none of which somebody should use."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from random import Random

from benchmarks.simulation.client import Endpoint, MakePicker
from discovery.policy.balancer import BalancerPicker
from discovery.policy.picker import WeightedPicker
from discovery.policy.two_choices import TwoChoices


class _Picker:
    """What they share: a retry goes to anybody else."""

    def __init__(self, endpoints: Sequence[Endpoint], now: float) -> None:
        self._endpoints = endpoints

    def pick_other(self, now: float, rng: Random, without: Collection[Endpoint]) -> Endpoint | None:
        others = [each for each in self._endpoints if each not in without]
        return others[int(rng.random() * len(others))] if others else None


class AtRandom(_Picker):
    """Knows nothing."""

    def pick(self, now: float, rng: Random) -> Endpoint:
        return self._endpoints[int(rng.random() * len(self._endpoints))]


class InTurn(_Picker):
    """One after the other."""

    _last = 0

    def pick(self, now: float, rng: Random) -> Endpoint:
        # Each client begins somewhere, or all would go to the same ones at the same time.
        self._last = (self._last or int(rng.random() * len(self._endpoints))) + 1
        return self._endpoints[self._last % len(self._endpoints)]


class FewestInFlight(_Picker):
    """The better of two by what is in flight: Envoy's least request."""

    def pick(self, now: float, rng: Random) -> Endpoint:
        one, other = (self._endpoints[int(rng.random() * len(self._endpoints))] for _ in range(2))
        return other if other.load.in_flight < one.load.in_flight else one


BALANCERS: Mapping[str, MakePicker] = {
    "ours": WeightedPicker,
    # By peak EWMA, by however little: Finagle's and Linkerd's.
    "better of two": lambda endpoints, now: BalancerPicker(TwoChoices(), endpoints),
    "fewest in flight of two": FewestInFlight,
    "in turn": InTurn,
    "at random": AtRandom,
}
