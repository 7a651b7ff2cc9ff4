"""Balancers to compare ours with, none of which somebody should use."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from random import Random
from typing import Self

from benchmarks.simulation.endpoint import Endpoint, MakePicker, Rules
from benchmarks.simulation.two_choices import TwoChoices
from benchmarks.simulation.world import World, percentile
from discovery.policy.balancer import BalancerPicker
from discovery.policy.picker import WeightedPicker


class _Picker:
    """What they share: a retry goes to anybody else."""

    def __init__(self, endpoints: Sequence[Endpoint], now: float) -> None:
        self._endpoints = endpoints

    def pick_other(self, now: float, rng: Random, without: Collection[Endpoint]) -> Endpoint | None:
        others = [each for each in self._endpoints if each not in without]
        return others[int(rng.random() * len(others))] if others else None

    def by_count(self) -> Self:
        return self  # nothing lasts here


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

# How long a request takes at each of twelve servers on average, in seconds; each has four workers.
_WORK_S = (0.02, 0.02, 0.02, 0.03, 0.03, 0.04, 0.04, 0.04, 0.06, 0.06, 0.08, 0.10)
_WORKERS = 4
_CLIENTS = 20
_WARM_S = 10.0


def compare(name: str, load: float, *, seed: int, seconds: float = 40.0) -> Mapping[float, float]:
    """How long calls take by one balancer at *load*, of 1: seconds by percentile.

    The servers are unequal, and three of them leave and come back.
    """
    world = World(seed)
    for work_s in _WORK_S:
        world.serve(1, work_s=work_s, workers=_WORKERS)
    clients = world.clients_of(world.servers, _CLIENTS, Rules(balance=BALANCERS[name]))
    capacity = sum(_WORKERS / work_s for work_s in _WORK_S)
    for number, client in enumerate(clients):
        world.arrive(client, load * capacity / _CLIENTS, 0.0, seconds)
        for slow, since in ((9, 15.0), (10, 20.0), (11, 25.0)):
            left = [server for index, server in enumerate(world.servers) if index != slow]
            # Each client hears of it a little later than the one before.
            world.loop.at(since + number * 0.01, partial(client.replace, left))
            world.loop.at(since + 4.0 + number * 0.01, partial(client.replace, world.servers))
    world.loop.run(seconds + 20.0)
    return {part: percentile(world.done, part / 100, _WARM_S) for part in (50.0, 99.0, 99.9)}
