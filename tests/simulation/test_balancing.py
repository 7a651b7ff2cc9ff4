"""Two choices on peak EWMA, as a discrete-event simulation of the real classes in virtual time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from random import Random

import pytest

from benchmarks.simulation.two_choices import TwoChoices
from discovery.policy.balancer import Balancer, C
from discovery.policy.load import PeakEwma

# How long an instance needs for a request, at a given time.
Speed = Callable[[float], float]


class AtRandom:
    """What there would be without a policy."""

    def pick(self, candidates: Sequence[C], now: float, rng: Random, /) -> C:
        return rng.choice(candidates)


class Server:
    """One instance that works on its requests one after the other."""

    def __init__(self, name: str, speed: Speed, weight: float = 1.0) -> None:
        self.name = name
        self.load = PeakEwma()
        self._speed = speed
        self._weight = weight
        self._free_at = 0.0

    def cost(self, now: float, /) -> float:
        return self.load.cost(now) / self._weight

    def serve(self, now: float, rng: Random) -> float:
        """Take a request; return when it will be answered."""
        self._free_at = max(now, self._free_at) + rng.expovariate(1 / self._speed(now))
        return self._free_at


@dataclass
class Run:
    """What came of a simulation: each request's start, server and latency."""

    requests: list[tuple[float, str, float]] = field(default_factory=list)

    def share(self, name: str, since: float = 0.0, until: float = 1e9) -> float:
        counts = Counter(server for at, server, _ in self.requests if since <= at < until)
        return counts[name] / counts.total()

    def p99(self) -> float:
        return sorted(latency for _, _, latency in self.requests)[len(self.requests) * 99 // 100]


def simulate(balancer: Balancer, servers: Sequence[Server], *, rate: float, seconds: float, seed: int = 12345) -> Run:
    """Requests arrive at random, at *rate* a second, whether or not earlier ones were answered."""
    rng, run = Random(seed), Run()
    answers: list[tuple[float, int, Server, float]] = []
    now = 0.0
    while (now := now + rng.expovariate(rate)) < seconds:
        while answers and answers[0][0] <= now:
            at, _, server, began = heappop(answers)
            server.load.observe(at, at - began)
            server.load.end()
        chosen = balancer.pick(servers, now, rng)
        chosen.load.start()
        at = chosen.serve(now, rng)
        run.requests.append((now, chosen.name, at - now))
        heappush(answers, (at, len(run.requests), chosen, now))
    return run


def always(seconds: float) -> Speed:
    return lambda _: seconds


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_slow_instance_is_left_nearly_alone(seed: int) -> None:
    def servers() -> list[Server]:
        return [Server(f"fast-{n}", always(0.005)) for n in range(4)] + [Server("slow", always(0.05))]

    balanced = simulate(TwoChoices(), servers(), rate=75, seconds=60, seed=seed)
    by_chance = simulate(AtRandom(), servers(), rate=75, seconds=60, seed=seed)

    assert by_chance.share("slow") == pytest.approx(0.2, abs=0.02)
    assert balanced.share("slow") < 0.05
    assert balanced.p99() < by_chance.p99() / 5


def test_an_instance_that_turns_slow_is_left_and_is_trusted_again_when_it_is_well() -> None:
    def speed(now: float) -> float:
        return 0.2 if 20 <= now < 40 else 0.005

    servers = [Server(f"fast-{n}", always(0.005)) for n in range(3)] + [Server("sick", speed)]
    run = simulate(TwoChoices(), servers, rate=150, seconds=150)

    assert run.share("sick", 0, 20) > 0.15
    assert run.share("sick", 21, 40) < 0.03
    assert run.share("sick", 110, 150) > 0.15


def test_equals_share_equally() -> None:
    servers = [Server(f"s{n}", always(0.01)) for n in range(5)]
    run = simulate(TwoChoices(), servers, rate=200, seconds=40)

    for server in servers:
        assert run.share(server.name) == pytest.approx(0.2, abs=0.04)


def test_a_new_instance_is_tried_at_once_and_not_flooded() -> None:
    servers = [Server(f"warm-{n}", always(0.005)) for n in range(4)]
    for server in servers:
        server.load.observe(0.0, 0.005)
    cold = Server("cold", lambda now: 0.5 if now < 1 else 0.005)
    run = simulate(TwoChoices(), [*servers, cold], rate=200, seconds=10)

    assert run.share("cold", 0, 0.1) > 0
    assert run.share("cold", 0, 1) < 0.05


def test_a_heavier_instance_carries_more() -> None:
    servers = [Server("light", always(0.01)), Server("heavy", always(0.01), weight=3.0)]
    run = simulate(TwoChoices(), servers, rate=50, seconds=60)

    assert run.share("heavy") > 0.6
