"""Three times what three servers can do, and then less than they can, in virtual time with the real decisions.

Each server works on four requests at once, 0.1 s each, in the order in which they were admitted. Callers wait 2 s, ask
another server when one says that it is busy, within their retry budget, and hang up when their time is over. Without a
limit a server ends a request only when it is done, as servers do that know nothing of their callers.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from random import Random

import pytest

from discovery.policy.adaptive_limit import AdaptiveLimit
from discovery.policy.admission import Admission
from discovery.policy.budget import RetryBudget
from discovery.policy.limit import FixedLimit, Limit
from discovery.policy.queue import Waiting

SERVERS, WORKERS, WORK_S, PATIENCE_S, ATTEMPTS = 3, 4, 0.1, 2.0, 3
PEAK = SERVERS * WORKERS / WORK_S

Event = Callable[[], None]


@dataclass(eq=False)
class Request:
    """One call. ``began_at`` is when the server that has it admitted it."""

    deadline_at: float
    tried: list[int] = field(default_factory=list)
    began_at: float = 0.0
    over: bool = False


class World:
    """Virtual time, and what is going to happen in it."""

    def __init__(self, seed: int, limit: Callable[[], Limit] | None) -> None:
        self.rng = Random(seed)
        self.now = 0.0
        self._events: list[tuple[float, int, Event]] = []
        self._numbers = count()
        self._budget = RetryBudget()
        self.served: Counter[int] = Counter()
        self.offered: Counter[int] = Counter()
        self.servers = [Server(self, limit() if limit else None) for _ in range(SERVERS)]

    def after(self, seconds: float, event: Event) -> None:
        heappush(self._events, (self.now + seconds, next(self._numbers), event))

    def run(self, *phases: tuple[float, float]) -> None:
        """Let calls come at random: each of *phases* is a number of seconds and a rate."""
        for seconds, rate in phases:
            end = self.now + seconds
            at = self.now
            while (at := at + self.rng.expovariate(rate)) < end:
                heappush(self._events, (at, next(self._numbers), self._call))
            while self._events and self._events[0][0] < end:
                self.now, _, event = heappop(self._events)
                event()
            self.now = end

    def _call(self) -> None:
        self.offered[int(self.now)] += 1
        self._budget.deposit(self.now)
        self.send(Request(self.now + PATIENCE_S))

    def send(self, request: Request) -> None:
        untried = [number for number in range(SERVERS) if number not in request.tried]
        number = self.rng.choice(untried or range(SERVERS))
        request.tried.append(number)
        self.servers[number].receive(request)

    def refused(self, request: Request) -> None:
        if len(request.tried) < ATTEMPTS and self.now < request.deadline_at and self._budget.withdraw(self.now):
            self.after(0.001, lambda: self.send(request))

    def answered(self, request: Request) -> None:
        if self.now <= request.deadline_at:
            self.served[int(self.now)] += 1

    def share(self, since: int, until: int) -> float:
        """How many of the calls between two seconds got their answer in time."""
        return sum(self.served[s] for s in range(since, until)) / sum(self.offered[s] for s in range(since, until))

    def rate(self, since: int, until: int) -> float:
        return sum(self.served[s] for s in range(since, until)) / (until - since)


class Server:
    """Admits by the real decisions, where it has a limit, and works on what it admitted."""

    def __init__(self, world: World, limit: Limit | None) -> None:
        self._world = world
        self.admission: Admission[Request] | None = Admission(limit) if limit else None
        self._line: deque[Request] = deque()
        self._busy = 0

    def receive(self, request: Request) -> None:
        if self.admission is None or self.admission.enter():
            self._begin(request)
            return
        now = self._world.now
        for one in self.admission.wait(Waiting(request, now, request.deadline_at), now):
            self._world.refused(one.ticket)

    def _begin(self, request: Request) -> None:
        request.began_at, request.over = self._world.now, False
        self._line.append(request)
        if self.admission is not None:
            self._world.after(request.deadline_at - self._world.now, lambda: self._end(request))
        self._work()

    def _work(self) -> None:
        while self._line and self._busy < WORKERS:
            request = self._line.popleft()
            if not request.over:
                self._busy += 1
                self._world.after(WORK_S, lambda request=request: self._done(request))  # type: ignore[misc]

    def _done(self, request: Request) -> None:
        self._busy -= 1
        if not request.over:
            self._world.answered(request)
            self._end(request)
        self._work()

    def _end(self, request: Request) -> None:
        if request.over:
            return
        request.over = True
        if self.admission is not None:
            now = self._world.now
            admitted, refused = self.admission.leave(now, now - request.began_at)
            for one in refused:
                self._world.refused(one.ticket)
            for one in admitted:
                self._begin(one.ticket)


LIMITS = [pytest.param(lambda: FixedLimit(WORKERS), id="fixed"), pytest.param(AdaptiveLimit, id="adaptive")]


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("seed", [1, 2])
def test_an_overload_costs_a_tenth_at_most_and_ends_with_its_cause(limit: Callable[[], Limit], seed: int) -> None:
    world = World(seed, limit)
    world.run((10, 0.75 * PEAK), (20, 3 * PEAK), (20, 0.75 * PEAK))

    assert world.share(0, 10) >= 0.97
    assert world.rate(10, 30) >= 0.9 * PEAK
    assert world.share(40, 49) >= 0.95


@pytest.mark.parametrize("limit", LIMITS)
def test_no_chance_makes_an_overload_outlive_its_cause(limit: Callable[[], Limit]) -> None:
    for seed in range(50):
        world = World(seed, limit)
        world.run((2, 0.75 * PEAK), (5, 3 * PEAK), (9, 0.75 * PEAK))
        assert world.rate(2, 7) >= 0.9 * PEAK, seed
        assert world.share(10, 15) >= 0.95, seed


def test_without_a_limit_it_does() -> None:
    """Else the two above would prove nothing."""
    world = World(1, None)
    world.run((10, 0.75 * PEAK), (20, 3 * PEAK), (20, 0.75 * PEAK))

    assert world.rate(15, 30) <= 0.2 * PEAK
    assert world.share(40, 49) <= 0.2
