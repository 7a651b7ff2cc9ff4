from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.model import Attempt, Instance, Outcome
from discovery.policy.backoff import ABSENT, BUSY, RETRY
from discovery.policy.retry import LONGEST_DELAY_S, Again, Stop, StopReason, decide, may_repeat

ANSWERED, UNAVAILABLE, NACKED, UNSENT = Outcome.ANSWERED, Outcome.UNAVAILABLE, Outcome.NACKED, Outcome.UNSENT
LOST, TIMED_OUT, CANCELLED = Outcome.LOST, Outcome.TIMED_OUT, Outcome.CANCELLED

FULL, UNTRUSTED = Outcome.BUSY, Outcome.UNTRUSTED

FAILED = (UNAVAILABLE, NACKED, FULL, UNSENT, LOST, TIMED_OUT)


class Purse:
    """A budget that counts what was asked of it."""

    def __init__(self, tokens: int = 100) -> None:
        self.tokens = tokens
        self.asked = 0

    def withdraw(self) -> bool:
        self.asked += 1
        self.tokens -= 1
        return self.tokens >= 0


def attempt(outcome: Outcome, *, number: int = 1, status: int | None = None, after: float | None = None) -> Attempt:
    one = Instance(id=f"ports-{number}", service="ports", host="10.0.0.1", port=number)
    return Attempt(number=number, instance=one, outcome=outcome, status=status, retry_after_s=after)


def judge(*attempts: Attempt, purse: Purse | None = None, **facts: Any) -> Again | Stop:
    """Decide about a request for which everything speaks, except what *facts* say."""
    favourable: dict[str, Any] = {
        "limit": 3,
        "repeatable": True,
        "replayable": True,
        "elsewhere": True,
        "exhausted": False,
        "remaining_s": 10.0,
        "withdraw": (purse or Purse()).withdraw,
        "rng": Random(1),
    }
    return decide(attempts, **{**favourable, **facts})


@pytest.mark.parametrize("outcome", [ANSWERED, CANCELLED])
def test_an_answer_and_a_caller_who_left_end_the_call(outcome: Outcome) -> None:
    assert judge(attempt(outcome)) == Stop(StopReason.OVER)


@pytest.mark.parametrize(
    ("status", "facts", "again"),
    [
        (500, {}, True),
        (500, {"repeatable": False}, False),
        (500, {"elsewhere": False}, False),
        (501, {}, False),
        (404, {}, False),
        (200, {}, False),
    ],
)
def test_a_500_is_asked_of_another_instance_where_repeating_does_no_harm(
    status: int, facts: dict[str, Any], again: bool
) -> None:
    verdict = judge(attempt(ANSWERED, status=status), **facts)

    assert verdict == (Again(RETRY.delay(1, Random(1)), "answered (500)") if again else Stop(StopReason.OVER))


@pytest.mark.parametrize("outcome", FAILED)
def test_a_request_that_may_be_repeated_is_tried_again_after_every_failure(outcome: Outcome) -> None:
    assert isinstance(judge(attempt(outcome, status=503)), Again)


@pytest.mark.parametrize(
    ("outcome", "again"),
    [(UNSENT, True), (NACKED, True), (FULL, True), (UNAVAILABLE, False), (LOST, False), (TIMED_OUT, False)],
)
def test_one_that_may_not_is_tried_again_only_if_it_was_provably_not_processed(outcome: Outcome, again: bool) -> None:
    verdict = judge(attempt(outcome), repeatable=False)

    assert isinstance(verdict, Again) if again else verdict == Stop(StopReason.NOT_IDEMPOTENT)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"exhausted": True}, StopReason.EXHAUSTED_BELOW),
        ({"limit": 1}, StopReason.ATTEMPTS),
        ({"replayable": False}, StopReason.BODY),
        ({"remaining_s": 0.0}, StopReason.TIME),
    ],
)
@pytest.mark.parametrize("outcome", FAILED)
def test_each_reason_not_to_is_enough_and_costs_no_token(
    outcome: Outcome, facts: dict[str, Any], reason: StopReason
) -> None:
    purse = Purse()

    assert judge(attempt(outcome), purse=purse, **facts) == Stop(reason)
    assert purse.asked == 0


def test_the_attempts_are_counted_from_the_first() -> None:
    failed = [attempt(LOST, number=number) for number in (1, 2, 3)]

    assert isinstance(judge(*failed[:2]), Again)
    assert judge(*failed) == Stop(StopReason.ATTEMPTS, repeated=True)


def test_a_retry_takes_exactly_one_token_and_none_is_made_without() -> None:
    purse = Purse(tokens=1)

    assert isinstance(judge(attempt(LOST), purse=purse), Again)
    assert judge(attempt(LOST), purse=purse) == Stop(StopReason.BUDGET)
    assert purse.asked == 2


@pytest.mark.parametrize("outcome", [UNSENT, NACKED])
def test_who_is_not_there_is_passed_by_at_once_and_free_of_budget(outcome: Outcome) -> None:
    purse = Purse(0)

    assert judge(attempt(outcome), purse=purse) == Again(0.0, outcome.value)
    assert purse.asked == 0


@pytest.mark.parametrize("outcome", [UNSENT, NACKED])
def test_passing_by_is_bounded_by_the_attempts(outcome: Outcome) -> None:
    tried = [attempt(outcome, number=number) for number in (1, 2, 3)]

    assert judge(*tried) == Stop(StopReason.ATTEMPTS, repeated=True)


@pytest.mark.parametrize("outcome", [UNSENT, NACKED])
def test_where_nobody_else_is_and_no_patience_an_absent_one_pays_like_any(outcome: Outcome) -> None:
    assert judge(attempt(outcome), purse=Purse(0), elsewhere=False) == Stop(StopReason.BUDGET)


def test_who_is_not_trusted_was_asked_nothing_so_another_one_is_for_a_token() -> None:
    assert isinstance(judge(attempt(UNTRUSTED), repeatable=False), Again)
    assert judge(attempt(UNTRUSTED), purse=Purse(0)) == Stop(StopReason.BUDGET)


def test_who_is_not_trusted_and_alone_is_neither_waited_for_nor_asked_again() -> None:
    purse = Purse()
    assert judge(attempt(UNTRUSTED), purse=purse, elsewhere=False, patience_s=2.0) == Stop(StopReason.UNTRUSTED)
    assert purse.asked == 0


def test_who_has_no_room_costs_a_token() -> None:
    assert judge(attempt(FULL), purse=Purse(0)) == Stop(StopReason.BUDGET)
    assert isinstance(judge(attempt(FULL), purse=Purse(1), repeatable=False), Again)


@pytest.mark.parametrize("outcome", [UNSENT, NACKED])
@pytest.mark.parametrize("repeatable", [True, False])
def test_the_only_one_is_waited_for_with_growing_pauses_that_count_and_cost_nothing(
    outcome: Outcome, repeatable: bool
) -> None:
    purse = Purse(0)
    tried = [attempt(outcome)] * 9
    facts: dict[str, Any] = {"elsewhere": False, "patience_s": 2.0, "repeatable": repeatable}

    assert judge(*tried[:1], purse=purse, **facts) == Again(ABSENT.delay(1, Random(1)), outcome.value)
    assert judge(*tried, purse=purse, **facts) == Again(ABSENT.delay(9, Random(1)), outcome.value)
    assert purse.asked == 0


def test_the_last_pause_ends_with_patience_and_then_the_call_ends() -> None:
    tried = [attempt(UNSENT)] * 9

    assert judge(*tried, elsewhere=False, patience_s=0.01) == Again(0.01, "unsent")
    assert judge(*tried, elsewhere=False, patience_s=0.0) == Stop(StopReason.ATTEMPTS, repeated=True)


def test_the_only_one_is_not_waited_for_beyond_the_callers_time() -> None:
    assert judge(attempt(UNSENT), elsewhere=False, patience_s=2.0, remaining_s=0.0) == Stop(StopReason.TIME)


def test_who_was_waited_for_and_then_fails_is_asked_as_often_as_any_other() -> None:
    waited = [attempt(UNSENT)] * 7
    failed = attempt(UNAVAILABLE, status=503)

    assert isinstance(judge(*waited, failed, elsewhere=False, patience_s=1.0), Again)
    assert judge(*waited, failed, failed, elsewhere=False) == Stop(StopReason.ATTEMPTS, repeated=True)


@pytest.mark.parametrize("outcome", [UNAVAILABLE, FULL, LOST, TIMED_OUT])
def test_patience_is_for_those_who_are_not_there(outcome: Outcome) -> None:
    verdict = judge(attempt(outcome), purse=Purse(0), elsewhere=False, patience_s=2.0)

    assert verdict == Stop(StopReason.BUDGET)


@pytest.mark.parametrize(
    ("reason", "first", "later"),
    [
        (StopReason.OVER, False, False),
        (StopReason.EXHAUSTED_BELOW, True, True),
        (StopReason.BUDGET, True, True),
        (StopReason.ATTEMPTS, False, True),
        (StopReason.NOT_IDEMPOTENT, False, True),
        (StopReason.BODY, False, True),
        (StopReason.TIME, False, True),
    ],
)
def test_retries_are_exhausted_where_some_were_in_vain_or_the_budget_forbade_the_first(
    reason: StopReason, first: bool, later: bool
) -> None:
    assert Stop(reason).exhausted == first
    assert Stop(reason, repeated=True).exhausted == later


@pytest.mark.parametrize("outcome", [UNAVAILABLE, FULL, LOST, TIMED_OUT])
def test_what_had_a_part_in_the_load_goes_elsewhere_after_a_short_jitter(outcome: Outcome) -> None:
    verdict = judge(attempt(outcome))

    assert isinstance(verdict, Again)
    assert verdict.delay_s == RETRY.delay(1, Random(1))


@pytest.mark.parametrize("outcome", FAILED)
def test_the_only_instance_is_given_longer_and_longer_after_each_failure(outcome: Outcome) -> None:
    first, second = attempt(outcome), attempt(outcome, number=2)

    verdicts = judge(first, elsewhere=False), judge(first, second, elsewhere=False)
    delays = [verdict.delay_s for verdict in verdicts if isinstance(verdict, Again)]
    assert delays == [BUSY.delay(1, Random(1)), BUSY.delay(2, Random(1))]


@pytest.mark.parametrize(
    ("status", "elsewhere", "obeyed"),
    [
        pytest.param(503, False, True, id="the instance itself must be asked again"),
        pytest.param(503, True, False, id="it speaks for itself, and another is there"),
        pytest.param(429, False, True, id="the limit is ours"),
        pytest.param(429, True, True, id="... wherever we go"),
    ],
)
def test_a_retry_after_is_obeyed_where_it_concerns_the_next_attempt(status: int, elsewhere: bool, obeyed: bool) -> None:
    verdict = judge(attempt(UNAVAILABLE, status=status, after=2.0), elsewhere=elsewhere)

    assert isinstance(verdict, Again)
    assert (verdict.delay_s == 2.0) == obeyed


def test_a_retry_after_that_does_not_fit_the_remaining_time_ends_the_call_at_once() -> None:
    busy = attempt(UNAVAILABLE, status=503, after=2.0)

    assert judge(busy, elsewhere=False, remaining_s=2.0) == Stop(StopReason.TIME)
    assert judge(busy, elsewhere=False, remaining_s=2.1) == Again(2.0, "unavailable (503)")


def test_without_a_deadline_a_server_still_cannot_park_its_caller() -> None:
    tomorrow = attempt(UNAVAILABLE, status=503, after=86_400.0)
    soon = tomorrow._replace(retry_after_s=LONGEST_DELAY_S - 1)

    assert judge(tomorrow, elsewhere=False, remaining_s=None) == Stop(StopReason.TIME)
    assert isinstance(judge(soon, elsewhere=False, remaining_s=None), Again)


@pytest.mark.parametrize(
    ("failed", "reason"),
    [
        (attempt(UNAVAILABLE, status=502), "unavailable (502)"),
        (attempt(NACKED, status=503), "nacked"),
        (attempt(TIMED_OUT), "timed-out"),
    ],
)
def test_the_reason_says_what_went_wrong(failed: Attempt, reason: str) -> None:
    verdict = judge(failed)

    assert isinstance(verdict, Again)
    assert verdict.reason == reason


@given(
    st.lists(st.sampled_from(Outcome), min_size=1, max_size=5),
    st.fixed_dictionaries({name: st.booleans() for name in ("repeatable", "replayable", "elsewhere", "exhausted")}),
    st.none() | st.floats(0, 20),
    st.none() | st.floats(0, 1e6),
    st.integers(0, 1),
)
def test_whatever_happens_a_retry_is_safe_fits_the_time_and_is_paid(
    outcomes: list[Outcome],
    facts: dict[str, bool],
    remaining_s: float | None,
    after: float | None,
    tokens: int,
) -> None:
    tried = [attempt(outcome, number=n, status=503, after=after) for n, outcome in enumerate(outcomes, start=1)]
    purse = Purse(tokens)
    verdict = judge(*tried, purse=purse, remaining_s=remaining_s, **facts)

    free = facts["elsewhere"] and outcomes[-1] in {UNSENT, NACKED}
    paid = tokens - max(purse.tokens, 0)
    assert paid == (isinstance(verdict, Again) and not free)
    if isinstance(verdict, Again):
        assert facts["repeatable"] or outcomes[-1] in {UNSENT, UNTRUSTED, NACKED, FULL}
        assert facts["replayable"]
        assert not facts["exhausted"]
        assert len(tried) < 3
        assert 0 <= verdict.delay_s < (LONGEST_DELAY_S if remaining_s is None else remaining_s)


@pytest.mark.parametrize(
    ("method", "keyed", "expected"),
    [(method, False, True) for method in ("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE")]
    + [("POST", False, False), ("PATCH", False, False), ("CONNECT", False, False), ("BREW", False, False)]
    + [("POST", True, True), ("PATCH", True, True)],
)
def test_idempotent_methods_and_keyed_requests_may_be_repeated(method: str, keyed: bool, expected: bool) -> None:
    assert may_repeat(method, keyed=keyed) is expected
