"""How long who guesses has to wait."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.accounts.delay import FIRST_S, FORGOTTEN_S, FREE, LONGEST_S, Attempts, counted, wait_s

NOW = 1_700_000_000.0


def test_the_first_mistakes_cost_nothing() -> None:
    attempts = None
    for _ in range(FREE):
        assert wait_s(attempts, NOW) == 0
        attempts = counted(attempts, NOW)
    assert wait_s(attempts, NOW) == FIRST_S


def test_each_further_mistake_doubles_the_delay_up_to_the_longest() -> None:
    waits = [wait_s(Attempts(FREE + n, NOW), NOW) for n in range(14)]
    assert waits[:5] == [1, 2, 4, 8, 16]
    assert waits[-1] == LONGEST_S
    assert wait_s(Attempts(10**9, NOW), NOW) == LONGEST_S


def test_who_has_waited_may_go_on() -> None:
    attempts = Attempts(FREE + 3, NOW)
    assert wait_s(attempts, NOW + 7.5) == 0.5
    assert wait_s(attempts, NOW + 8) == 0


def test_who_was_quiet_for_long_begins_anew() -> None:
    attempts = Attempts(50, NOW)
    assert wait_s(attempts, NOW + FORGOTTEN_S) == 0
    assert counted(attempts, NOW + FORGOTTEN_S) == Attempts(1, NOW + FORGOTTEN_S)
    assert counted(attempts, NOW + FORGOTTEN_S - 1).count == 51


def test_a_clock_that_is_a_little_behind_shortens_no_delay() -> None:
    assert wait_s(Attempts(FREE, NOW + 30), NOW) == FIRST_S


def test_a_clock_that_was_set_back_locks_nobody_out_and_forgives_nothing() -> None:
    ahead = Attempts(FREE + 9, NOW + 86400)
    assert wait_s(ahead, NOW) == 0
    assert counted(ahead, NOW) == Attempts(FREE + 10, NOW)


@given(st.integers(0, 10**6), st.floats(-1e6, 1e6))
def test_nobody_waits_for_longer_than_the_longest(count: int, passed: float) -> None:
    assert 0 <= wait_s(Attempts(count, NOW), NOW + passed) <= LONGEST_S


@given(st.lists(st.floats(0, 900), max_size=200))
def test_a_day_of_guesses_is_about_a_hundred(pauses: list[float]) -> None:
    now, attempts, tried = NOW, None, 0
    while now < NOW + 86400:
        pause = pauses.pop() if pauses else 0
        if wait := wait_s(attempts, now):
            now += wait
            continue
        attempts, tried, now = counted(attempts, now), tried + 1, now + pause
    assert tried <= 86400 / LONGEST_S + FREE + 10
