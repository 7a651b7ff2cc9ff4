"""What moves an adaptive limit, and what does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from discovery.policy.adaptive_limit import CEILING, FLOOR, START, AdaptiveLimit

# How long a request takes while so many are under way.
Latency = Callable[[int], float]


class Run:
    """A server under a limit that is offered so many requests at once."""

    def __init__(self) -> None:
        self.limit = AdaptiveLimit()
        self.now = 100.0

    def work(self, seconds: float, offered: int, latency: Latency) -> int:
        end = self.now + seconds
        while self.now < end:
            at_once = min(offered, self.limit.value)
            took_s = latency(at_once)
            self.now += took_s
            for _ in range(at_once):
                self.limit.observe(self.now, took_s, at_once)
        return self.limit.value


def workers(count: int, work_s: float = 0.1) -> Latency:
    """As many as *count* are served at once, the others wait."""
    return lambda at_once: work_s * max(1.0, at_once / count)


def always(seconds: float) -> Latency:
    return lambda _: seconds


def test_it_begins_where_it_is_said_to() -> None:
    assert AdaptiveLimit().value == START


def test_it_finds_what_the_server_can_do_from_above_and_holds_it() -> None:
    run = Run()
    run.work(5, 3, workers(4))
    run.work(10, 1000, workers(4))
    assert all(4 <= run.work(1, 1000, workers(4)) <= 16 for _ in range(1200))


def test_it_finds_what_the_server_can_do_from_below() -> None:
    assert Run().work(60, 1000, workers(200, 0.01)) >= 150


def test_it_grows_fast_while_nothing_waits() -> None:
    assert Run().work(8, 2000, always(0.1)) == CEILING


def test_a_slow_dependency_that_leaves_the_limit_unused_does_not_shrink_it() -> None:
    run = Run()
    run.work(10, 5, always(0.05))
    assert run.work(60, 9, always(1.0)) == START


def test_a_dependency_that_became_slow_under_load_shrinks_it_for_a_while_only() -> None:
    run = Run()
    before = run.work(20, 50, always(0.05))
    low = min(run.work(1, 50 * 10, always(0.5)) for _ in range(30))
    assert FLOOR <= low < before
    assert run.work(240, 50 * 10, always(0.5)) >= before


@pytest.mark.parametrize("slower", [2, 3, 5, 20])
def test_it_is_not_held_down_for_ever_by_what_became_slower_for_good(slower: int) -> None:
    run = Run()
    run.work(20, 20, always(0.05))
    assert run.work(300, 1000, always(0.05 * slower)) >= 80


def test_idle_hours_change_nothing() -> None:
    run = Run()
    before = run.work(20, 1000, workers(4))
    for _ in range(100):
        run.now += 60
        run.limit.observe(run.now, 5.0, 1)
    assert run.limit.value == before


def test_a_cold_start_neither_shrinks_it_nor_stays_the_measure() -> None:
    run = Run()
    assert run.work(2, 15, always(0.6)) >= START
    run.work(10, 4, workers(4))
    run.work(40, 1000, workers(4))
    assert run.work(5, 1000, workers(4)) <= 16


def test_work_that_takes_no_time_at_all_is_no_trouble() -> None:
    limit = AdaptiveLimit()
    for step in range(100):
        limit.observe(float(step), 0.0, 20)
    assert limit.value >= START
