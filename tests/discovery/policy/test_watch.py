from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.policy.watch import WAIT_S, Cursor, Pace, client_limit_s


@pytest.mark.parametrize(
    ("index", "answered", "expected"),
    [
        pytest.param(0, 5, 5, id="the first answer"),
        pytest.param(7, 9, 9, id="newer"),
        pytest.param(7, 7, 7, id="same: the wait ran out"),
        pytest.param(7, 3, 0, id="backwards: read afresh before believing it"),
        pytest.param(0, 3, 3, id="... and believe the fresh read"),
        pytest.param(0, 0, 1, id="none given: never wait on zero"),
        pytest.param(1, 0, 1, id="none given again: it proves nothing"),
        pytest.param(1, -4, 1, id="negative: like none"),
        pytest.param(7, 0, 0, id="none given after one was: backwards"),
        pytest.param(7, 1, 0, id="a registry begun anew"),
    ],
)
def test_a_cursor_goes_on_where_it_is_safe(index: int, answered: int, expected: int) -> None:
    assert Cursor(index).advance(answered) == Cursor(expected)


@given(st.lists(st.integers(-3, 50), min_size=1))
def test_whatever_the_registry_answers_the_same_answer_given_three_times_is_settled(indexes: list[int]) -> None:
    cursor = Cursor()
    for index in indexes:
        cursor = cursor.advance(index)
        assert cursor.index >= 0
    for _ in range(2):
        cursor = cursor.advance(indexes[-1])
    assert cursor.index == max(indexes[-1], 1)


def test_two_wake_ups_are_free_four_come_later_and_later_and_then_there_is_one_a_second() -> None:
    pace = Pace()

    assert [pace.delay(100.0) for _ in range(8)] == [0.0, 0.0, 0.05, 0.1, 0.2, 0.4, 1.0, 2.0]


@given(st.lists(st.floats(0, 0.3), min_size=1, max_size=30), st.floats(0, 0.05))
def test_a_burst_that_is_over_in_a_moment_is_seen_whole_a_moment_later(moments: list[float], takes: float) -> None:
    """Each change ends the read that waits for it; what came while nobody read is in the next answer."""
    pace, now, seen = Pace(), 0.0, -1.0
    changes = sorted(moments)
    while (more := [at for at in changes if at > seen]) and now < 100:
        now = seen = max(now + pace.delay(now), more[0]) + takes  # the answer holds what is there when it is given

    assert now <= changes[-1] + 0.4 + 2 * takes


def test_a_loop_that_wakes_less_than_once_a_second_never_waits() -> None:
    pace = Pace()

    assert [pace.delay(float(now)) for now in range(0, 500, 55)] == [0.0] * 10


def test_the_burst_is_back_after_six_quiet_seconds_and_grows_no_further() -> None:
    pace = Pace()
    for _ in range(6):
        pace.delay(0.0)

    assert [pace.delay(6.0) for _ in range(3)] == [0.0, 0.0, 0.05]
    assert [pace.delay(50.0) for _ in range(7)] == [0.0, 0.0, 0.05, 0.1, 0.2, 0.4, 1.0]


@given(st.floats(1, 100))
def test_whoever_comes_once_a_second_or_less_finds_a_free_one(between: float) -> None:
    pace = Pace()

    assert [pace.delay(number * between) for number in range(50)] == [0.0] * 50


@given(st.lists(st.floats(0, 3), min_size=1, max_size=60))
def test_no_registry_can_make_a_loop_read_more_than_six_times_and_once_a_second(busy: list[float]) -> None:
    """*busy* is how long each read took; the loop does what it is told and nothing else."""
    pace, now, reads = Pace(), 10.0, []
    for took in busy:
        now += pace.delay(now)
        reads.append(now)
        now += took

    for first, begin in enumerate(reads):
        for count, end in enumerate(reads[first:], start=1):
            assert count <= 6 + (end - begin) + 1e-6


@given(st.floats(0, 600))
def test_the_client_outlasts_the_registrys_own_jitter(wait_s: float) -> None:
    assert client_limit_s(wait_s) >= wait_s + wait_s / 16 + 5


def test_the_usual_wait_gives_the_usual_limit() -> None:
    assert client_limit_s(WAIT_S) == pytest.approx(68.4375)
