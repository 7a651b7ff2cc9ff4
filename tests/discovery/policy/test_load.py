from __future__ import annotations

from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.policy.load import (
    DECAY_S,
    FAILURE_S,
    FAILURE_TIMES,
    FLOOR_S,
    LEAVING_S,
    PENALTY_CAP_S,
    UNPROVEN_S,
    PeakEwma,
)

latencies = st.floats(0, 100)
pauses = st.floats(0, 1000)


def measured(*rtts: float) -> PeakEwma:
    load = PeakEwma()
    for rtt in rtts:
        load.observe(0.0, rtt)
    return load


def test_each_request_in_flight_adds_to_the_cost_and_gives_it_back() -> None:
    load = measured(0.1)

    assert load.cost(0) == pytest.approx(0.1)
    load.start()
    load.start()
    assert load.in_flight == 2
    assert load.cost(0) == pytest.approx(0.3)
    load.end()
    load.end()
    assert load.cost(0) == pytest.approx(0.1)


def test_a_slower_answer_counts_at_once_and_a_faster_one_slowly() -> None:
    load = measured(0.01, 0.5)
    assert load.cost(0) == pytest.approx(0.5)

    load.observe(1.0, 0.01)
    assert 0.4 < load.cost(1.0) < 0.5

    load.observe(1.0 + 5 * DECAY_S, 0.01)
    assert load.cost(1.0 + 5 * DECAY_S) == pytest.approx(0.01, rel=0.5)


def test_nobody_is_avoided_for_ever() -> None:
    load = measured(5.0)

    assert load.cost(DECAY_S) == pytest.approx(5.0 * exp(-1))
    assert load.cost(100 * DECAY_S) == FLOOR_S


def test_one_never_asked_is_cheap_until_somebody_asks() -> None:
    known, new = measured(0.02), PeakEwma()
    assert new.cost(0) < known.cost(0)

    new.start()
    assert new.cost(0) == 2 * UNPROVEN_S > known.cost(0)


def test_a_first_answer_proves_it_and_a_cancelled_first_request_does_not() -> None:
    load = PeakEwma()
    load.start()
    load.end(heard=False)
    assert load.cost(0) == FLOOR_S

    load.start()
    load.observe(0.0, 0.02)
    load.end()
    assert load.cost(0) == pytest.approx(0.02)


def test_the_unknown_is_preferred_to_the_broken() -> None:
    broken, unknown = PeakEwma(), PeakEwma()
    broken.penalise(0.0)
    unknown.start()

    assert unknown.cost(0) < broken.cost(0) == FAILURE_S


def test_a_fast_failure_does_not_look_like_a_fast_answer() -> None:
    load = measured(0.2)
    load.penalise(0.0)

    assert load.cost(0) == pytest.approx(0.2 * FAILURE_TIMES)


def test_one_error_among_thousands_is_not_told_from_two_average_answers_after_a_fraction_of_a_second() -> None:
    load = measured(*[0.01] * 6000)
    load.penalise(0.0)

    assert load.cost(0.0) == pytest.approx(0.03)
    assert load.cost(0.21) < 2 * 0.01


def test_an_answer_ends_what_an_error_costs() -> None:
    load = measured(0.01)
    load.penalise(0.0)
    load.observe(0.0, 0.01)

    assert load.cost(0.0) == pytest.approx(0.01)


def test_errors_do_not_build_up() -> None:
    load = measured(0.01)
    for _ in range(50):
        load.penalise(0.0)

    assert load.cost(0.0) == pytest.approx(0.03)


def test_an_error_of_a_slow_one_counts_no_more_than_the_cap() -> None:
    load = measured(4.0)
    load.penalise(0.0)

    assert load.cost(0.0) == FAILURE_S


def test_one_that_only_ever_failed_is_the_dearest_until_it_proves_itself() -> None:
    load = PeakEwma()
    load.penalise(0.0)
    assert load.cost(0.0) == FAILURE_S

    assert load.cost(60.0) == UNPROVEN_S
    load.observe(60.0, 0.02)
    assert load.cost(60.0) == pytest.approx(0.02)


@pytest.mark.parametrize(("said", "counts"), [(120.0, 120.0), (86_400.0, PENALTY_CAP_S), (0.0, 0.003)])
def test_a_retry_after_is_believed_up_to_its_cap_and_never_makes_cheaper(said: float, counts: float) -> None:
    load = measured(0.001)
    load.penalise(0.0, said)

    assert load.cost(0) == pytest.approx(counts)


def test_what_is_left_of_a_retry_after_counts_though_others_are_answered() -> None:
    load = measured(0.001)
    load.penalise(0.0, 10.0)
    load.observe(4.0, 0.001)

    assert load.cost(4.0) == pytest.approx(6.0)
    assert load.cost(10.0) == FLOOR_S
    assert not load.rested(9.9)
    assert load.rested(10.0)


def test_whoever_was_idle_longest_does_not_get_the_whole_burst() -> None:
    fresh, idle = measured(0.002), PeakEwma()
    idle.observe(-600.0, 0.002)
    for _ in range(2):
        idle.start()

    assert idle.cost(0) > fresh.cost(0)


@given(st.lists(st.tuples(pauses, latencies), min_size=1, max_size=20))
def test_the_cost_stays_between_the_latest_answer_and_the_slowest(answers: list[tuple[float, float]]) -> None:
    load, now = PeakEwma(), 0.0
    for pause, rtt in answers:
        now += pause
        load.observe(now, rtt)
        slowest = max(rtt for _, rtt in answers)
        assert max(rtt, FLOOR_S) <= load.cost(now) * (1 + 1e-9)
        assert load.cost(now) <= max(slowest, FLOOR_S) * (1 + 1e-9)


@given(st.lists(latencies, min_size=1, max_size=10), pauses, pauses, st.integers(0, 10))
def test_silence_only_makes_cheaper_and_company_only_dearer(
    rtts: list[float], soon: float, later: float, company: int
) -> None:
    load = measured(*rtts)
    alone = load.cost(soon)

    assert load.cost(soon + later) <= alone
    for _ in range(company):
        load.start()
    assert load.cost(soon) == pytest.approx(alone * (company + 1))


def test_a_moment_before_the_last_answer_is_taken_for_that_moment() -> None:
    load = PeakEwma()
    load.observe(10.0, 0.5)

    assert load.cost(9.0) == load.cost(10.0)


def test_a_fast_refusal_never_makes_cheaper() -> None:
    load = measured(0.05)
    for _ in range(100):
        load.observe(0.0, 0.001, proof=False)

    assert load.cost(0.0) == pytest.approx(0.05)


def test_a_slow_refusal_counts_like_any_slow_answer() -> None:
    load = measured(0.05)
    load.observe(0.0, 0.5, proof=False)

    assert load.cost(0.0) == pytest.approx(0.5)


def test_one_that_only_ever_refused_is_neither_free_nor_proven() -> None:
    load = PeakEwma()
    load.start(0.0)
    load.observe(0.001, 0.001, proof=False)
    load.end()

    assert load._latency_s is None
    assert load.cost(0.001) == UNPROVEN_S
    load.observe(1.0, 0.02)
    assert load.cost(1.0) == pytest.approx(0.02)


def test_the_silence_of_one_that_is_asked_counts_as_its_latency() -> None:
    load = measured(0.005)
    load.start(0.0)

    assert load.cost(0.001) == pytest.approx(0.01, rel=0.01)
    assert load.cost(0.05) == pytest.approx(2 * 0.05)
    assert load.cost(15.0) == pytest.approx(2 * 15.0)


def test_any_head_that_comes_ends_the_silence_of_all() -> None:
    load = measured(0.005)
    load.start(0.0)
    load.start(9.9)
    load.observe(10.0, 0.1)
    load.end()

    assert load.cost(10.0) == pytest.approx(2 * 0.1)
    assert load.cost(11.0) == pytest.approx(2 * 1.0)


def test_one_that_only_sends_a_long_body_is_not_silent() -> None:
    load = measured(0.005)
    load.start(0.0)
    load.observe(0.005, 0.005)

    assert load.cost(60.0) == pytest.approx(2 * FLOOR_S)


def test_a_caller_who_left_is_not_waited_for() -> None:
    load = measured(0.005)
    load.start(0.0)
    load.end(heard=False)
    load.start(60.0)

    assert load.cost(60.0) == pytest.approx(2 * FLOOR_S)


def test_a_silence_goes_on_when_one_who_waited_gives_up() -> None:
    load = measured(0.005)
    load.start(0.0)
    load.start(0.0)
    load.give_up(5.0, 5.0)
    load.end()

    assert load.cost(5.0) == pytest.approx(2 * 5.0)
    load.give_up(5.0, 5.0)
    load.end()
    assert load.cost(5.0) == pytest.approx(5.0)


@pytest.mark.parametrize(
    ("steps", "now", "troubled"),
    [
        pytest.param([], 0.0, False, id="it answers"),
        pytest.param(["fail"], 0.0, False, id="one failure is noise"),
        pytest.param(["fail", "fail"], 0.0, True, id="two are not"),
        pytest.param(["fail", "fail"], 5.0, False, id="... and are forgotten"),
        pytest.param(["fail", "well", "fail"], 0.0, False, id="not in a row"),
        pytest.param(["start"], 0.01, False, id="it takes its time"),
        pytest.param(["start"], 0.02, True, id="it is silent"),
        pytest.param(["start", "well", "start"], 0.02, True, id="... since the last answer"),
        pytest.param(["rest"], 1.9, True, id="it asked for rest"),
        pytest.param(["rest"], 2.1, False, id="... which is over"),
        pytest.param(["start", "give up"], 0.0, True, id="it was waited for in vain"),
    ],
)
def test_who_is_in_trouble(steps: list[str], now: float, troubled: bool) -> None:
    load = measured(0.005)
    for step in steps:
        if step == "start":
            load.start(0.0)
        elif step == "well":
            load.observe(0.0, 0.005)
        elif step == "give up":
            load.give_up(0.0, 5.0)
        else:
            load.penalise(0.0, 2.0 if step == "rest" else None)

    assert load.troubled(now) == troubled


def test_a_fast_refusal_does_not_let_the_average_decay() -> None:
    load = measured(0.05)
    for second in range(100):
        load.observe(float(second), 0.001, proof=False)

    assert load.cost(99.0) == pytest.approx(0.05)


def test_who_said_that_it_is_leaving_is_spared_for_a_while() -> None:
    load = measured(0.005)
    load.penalise(0.0, LEAVING_S)

    assert load.troubled(LEAVING_S - 0.1)
    assert not load.troubled(LEAVING_S)


def test_idleness_is_not_silence() -> None:
    load = measured(0.005)
    load.start(0.0)
    load.observe(0.005, 0.005)
    load.end()
    load.start(100.0)

    assert load.cost(100.001) == pytest.approx(2 * FLOOR_S)


def test_who_comes_back_is_unknown_again_and_keeps_what_is_under_way() -> None:
    load = measured(3.0)
    load.penalise(0.0, 120.0)
    load.reset()
    assert load.cost(0.0) == FLOOR_S

    load.start(0.0)
    load.reset()
    assert load.in_flight == 1
    assert load.cost(0.0) == 2 * UNPROVEN_S


@given(st.lists(st.sampled_from(["start", "observe", "refuse", "fail", "leave"]), max_size=60))
def test_whatever_happens_the_cost_is_finite_and_positive_and_the_count_is_right(steps: list[str]) -> None:
    load, now, waiting = PeakEwma(), 0.0, 0
    for step in steps:
        now += 0.1
        if step == "start":
            load.start(now)
            waiting += 1
        elif waiting and step == "leave":
            load.end(heard=False)
            waiting -= 1
        elif waiting:
            if step == "fail":
                load.penalise(now)
            else:
                load.observe(now, 0.1, proof=step == "observe")
            load.end()
            waiting -= 1
        assert load.in_flight == waiting
        assert 0 < load.cost(now) < 1e6
