from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.policy.budget import RetryBudget


def spend(budget: RetryBudget, now: float) -> int:
    """Take all that is there."""
    taken = 0
    while budget.withdraw(now):
        taken += 1
    return taken


def test_one_that_starts_has_its_reserve_and_no_more_the_longer_it_is_idle() -> None:
    assert spend(RetryBudget(), now=0.0) == 10
    assert spend(RetryBudget(), now=1e6) == 10


def test_calls_that_succeed_earn_a_fraction_on_top_of_what_is_open_of_the_reserve() -> None:
    budget = RetryBudget()
    for _ in range(1000):
        budget.deposit(5.0)

    assert budget.balance(5.0) == pytest.approx(82)
    assert spend(budget, now=5.0) == 82


def test_what_calls_earned_expires_with_them() -> None:
    budget = RetryBudget()
    for _ in range(1000):
        budget.deposit(0.0)

    assert budget.balance(9.9) == pytest.approx(82)
    assert budget.balance(10.0) == pytest.approx(2)


def test_a_success_opens_the_reserve_for_two_retries_and_only_another_one_for_more() -> None:
    budget = RetryBudget()
    spend(budget, now=100.0)
    assert spend(budget, now=1000.0) == 0

    budget.deposit(1000.0)
    assert spend(budget, now=1000.0) == 2
    assert spend(budget, now=2000.0) == 0


def test_successes_open_no_more_than_the_reserve_of_ten_seconds() -> None:
    budget, taken = RetryBudget(), 0
    for _ in range(12):
        budget.deposit(100.0)
        taken += spend(budget, now=100.0)

    assert taken == 10
    budget.deposit(110.0)
    assert spend(budget, now=110.0) == 2


def test_retries_that_outlive_the_calls_that_paid_for_them_hold_back_the_next() -> None:
    budget = RetryBudget()
    for _ in range(1000):
        budget.deposit(0.0)
    spend(budget, now=9.0)
    budget.deposit(10.0)

    assert budget.balance(10.0) < 0
    assert not budget.withdraw(18.9)
    assert budget.withdraw(19.0)


@pytest.mark.parametrize("rate", [500, 50, 10, 2])
@pytest.mark.parametrize("seconds", [20, 60])
def test_in_a_total_outage_the_load_grows_by_less_than_a_tenth(rate: int, seconds: int) -> None:
    budget, sent = RetryBudget(), 0
    for call in range(60 * rate):
        budget.deposit(call / rate)
    for call in range(seconds * rate):  # each may be tried three times, and all fail
        now = 60 + call / rate
        sent += 1 + (budget.withdraw(now) and 1 + budget.withdraw(now))

    assert sent / (seconds * rate) <= 1.10


def test_one_failure_in_ten_is_always_paid_for_even_of_one_call_a_second() -> None:
    budget = RetryBudget()
    for second in range(1000):
        if second % 10 == 9:
            assert budget.withdraw(float(second))
        budget.deposit(float(second))


def test_a_long_silence_empties_every_slot() -> None:
    budget = RetryBudget()
    for tenth in range(100):
        budget.deposit(tenth / 10)
    budget.deposit(1e9)

    assert budget.balance(1e9) == pytest.approx(2.08)


@given(
    st.lists(st.tuples(st.floats(0, 3), st.integers(0, 40), st.integers(0, 20)), max_size=40),
    st.sampled_from([0.0, 0.08, 0.2]),
    st.sampled_from([0.0, 0.5, 1.0]),
)
def test_no_window_holds_more_retries_than_its_calls_and_the_reserve_allow(
    steps: list[tuple[float, int, int]], ratio: float, reserve_per_s: float
) -> None:
    """The slots make the window that is held between nine and ten seconds long."""
    budget, now = RetryBudget(ratio=ratio, reserve_per_s=reserve_per_s), 0.0
    calls: list[float] = []
    retries: list[float] = []
    for pause, wanted_calls, wanted_retries in steps:
        now += pause
        for _ in range(wanted_calls):
            budget.deposit(now)
            calls.append(now)
        granted = [now for _ in range(wanted_retries) if budget.withdraw(now)]
        retries += granted

        if granted:
            allowed = 10 * reserve_per_s + ratio * sum(at >= now - 10 for at in calls)
            assert sum(at > now - 9 for at in retries) <= allowed + 1e-9
