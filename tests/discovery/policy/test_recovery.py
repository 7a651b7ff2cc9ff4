"""How one process asks a registry that is away, and how all who follow it come back."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from functools import partial
from heapq import heappop, heappush
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discovery.policy.backoff import REGISTRY
from discovery.policy.recovery import Asker, Recovery

AWAY_S = 60.0


def most_in_a_second(moments: list[float]) -> int:
    ordered = sorted(moments)
    return max((bisect_left(ordered, at + 1.0) - number for number, at in enumerate(ordered)), default=0)


class Process:
    """Its askers read afresh until they are answered, and then once more, to wait for news."""

    def __init__(self, world: World, askers: int) -> None:
        self._world = world
        self._recovery = Recovery()
        self._waiting: dict[int, tuple[Asker, int]] = {}  # who waits, and the number of his pause
        self._askers = [Asker(REGISTRY) for _ in range(askers)]
        for number in range(askers):
            self._fails(0.0, number)

    def _fails(self, now: float, number: int) -> None:
        asker = self._askers[number]
        pause_s = self._recovery.failed(asker, now, self._world.rng, refused=False)
        self._waiting[number] = (asker, asker.failures)
        self._world.at(now + pause_s, partial(self._is_due, number, asker.failures))

    def _is_due(self, number: int, pause: int, now: float) -> None:
        asker, waits_for = self._waiting.get(number, (None, 0))
        if asker is not None and waits_for == pause:
            del self._waiting[number]
            asker.woken = False
            self._takes_turn(now, partial(self._reads, number))

    def _takes_turn(self, now: float, then: Callable[[float], object]) -> None:
        self._world.at(now + self._recovery.turn(now, self._world.rng), then)

    def _reads(self, number: int, now: float) -> None:
        if not self._asks(now):
            self._fails(now, number)
            return
        self._askers[number].answered()
        self._world.fresh.append(now)
        self._takes_turn(now, self._asks)

    def _asks(self, now: float) -> bool:
        self._world.asked.append(now)
        if now < self._world.back_at:
            return False
        self._recovery.answered(now, waiting=bool(self._waiting))
        woken, self._waiting = self._waiting, {}
        for number, (asker, _) in woken.items():
            asker.woken = True
            self._takes_turn(now, partial(self._reads, number))
        return True


class World:
    """Processes that follow one registry, which is away from 0 until *back_at*."""

    def __init__(self, processes: int, askers: int, back_at: float, seed: int) -> None:
        self.rng = Random(seed)
        self.back_at = back_at
        self.asked: list[float] = []
        self.fresh: list[float] = []
        self._to_come: list[tuple[float, float, Callable[[float], object]]] = []
        for _ in range(processes):
            Process(self, askers)

    def at(self, moment: float, what: Callable[[float], object]) -> None:
        heappush(self._to_come, (moment, self.rng.random(), what))

    def play(self, until: float) -> None:
        while self._to_come and self._to_come[0][0] < until:
            now, _, happens = heappop(self._to_come)
            happens(now)


@settings(max_examples=30)
@given(st.integers(1, 100), st.floats(0, 120), st.integers(0, 2**20))
def test_all_are_back_within_five_seconds_and_nobody_is_run_over(askers: int, back_at: float, seed: int) -> None:
    world = World(1, askers, back_at, seed)
    world.play(back_at + 30)

    assert len(world.fresh) == askers
    assert max(world.fresh) - back_at <= 3.5  # which leaves time for the reads themselves
    assert most_in_a_second([at for at in world.asked if at >= back_at]) <= 55


@settings(max_examples=30)
@given(st.integers(1, 100), st.integers(0, 2**20))
def test_a_registry_that_is_away_is_asked_at_most_twice_a_second_by_a_process_whatever_it_follows(
    askers: int, seed: int
) -> None:
    world = World(1, askers, AWAY_S, seed)
    world.play(AWAY_S)

    steady = [at for at in world.asked if at > 2]
    assert 0.9 * AWAY_S <= len(steady) + 2 <= 2 * AWAY_S
    assert most_in_a_second(steady) <= 3
    assert most_in_a_second(world.asked) <= 5, "the first come sooner, since most absences are short"


@pytest.mark.parametrize("seed", range(5))
def test_many_processes_do_not_come_back_in_one_moment(seed: int) -> None:
    world = World(200, 5, AWAY_S, seed)
    world.play(AWAY_S + 10)

    assert max(world.fresh) - AWAY_S <= 2
    within = [at - AWAY_S for at in world.asked if at >= AWAY_S]
    tenths = [sum(tenth / 10 <= at < (tenth + 1) / 10 for at in within) for tenth in range(10)]
    assert max(tenths) <= len(within) / 4, "of two reads of each of a thousand"


def test_who_is_refused_waits_by_himself_and_longer_each_time() -> None:
    recovery, asker, rng = Recovery(), Asker(REGISTRY), Random(1)
    pauses = [recovery.failed(asker, 0.0, rng, refused=True) for _ in range(20)]

    rng = Random(1)
    assert pauses == [REGISTRY.delay(failures, rng) for failures in range(1, 21)]


def test_one_whose_trouble_is_his_own_is_woken_less_and_less_often_by_the_answers_of_others() -> None:
    recovery, asker, rng, now = Recovery(), Asker(REGISTRY), Random(1), 0.0
    asked: list[float] = []
    for _ in range(2000):  # others are answered ten times a second
        now += 0.1
        recovery.answered(now, waiting=True)
        if not asked or now - asked[-1] >= asker.least_s:
            asked.append(now)
            recovery.failed(asker, now, rng, refused=False)
            asker.woken = True

    assert len(asked) <= 16
    assert asked[-1] - asked[-2] >= REGISTRY.cap_s


def test_who_was_woken_in_vain_is_forgiven_once_the_trouble_is_everybodys() -> None:
    recovery, asker, rng = Recovery(), Asker(REGISTRY), Random(1)
    recovery.answered(0.0, waiting=False)
    for now in range(1, 12):
        recovery.failed(asker, float(now), rng, refused=False)
        asker.woken = True
    assert asker.least_s == REGISTRY.cap_s
    asker.woken = False
    recovery.failed(asker, 90.0, rng, refused=False)
    assert asker.least_s == 0


def test_an_answer_of_his_own_makes_all_good() -> None:
    asker = Asker(REGISTRY, failures=9, in_vain=9, woken=True)
    asker.answered()
    assert asker == Asker(REGISTRY)


def test_nobody_waits_for_a_turn_in_a_healthy_registry() -> None:
    recovery, rng = Recovery(), Random(1)
    for now in range(100):
        recovery.answered(now / 100, waiting=False)
        assert recovery.turn(now / 100, rng) == 0
