"""When keys are published, sign, and leave."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.accounts.key_policy import (
    AHEAD_S,
    SIGNS_S,
    STAYS_S,
    TOKEN_S,
    Term,
    is_over,
    published,
    rotated,
    signing,
    wanted,
)

NOW = 1_700_000_000.0
FIRST = Term(1, NOW, NOW)
SECOND = Term(2, NOW, NOW + SIGNS_S)


def test_the_very_first_key_signs_at_once() -> None:
    assert wanted([], NOW) == FIRST
    assert signing([FIRST], NOW) == FIRST


def test_there_is_always_a_next_key_that_verifiers_know() -> None:
    assert wanted([FIRST], NOW) == SECOND
    assert wanted([FIRST, SECOND], NOW) is None
    assert published([FIRST, SECOND], NOW) == [FIRST, SECOND]
    assert signing([FIRST, SECOND], NOW) == FIRST


def test_a_key_signs_for_a_month_and_the_next_one_then() -> None:
    later = NOW + SIGNS_S
    assert signing([FIRST, SECOND], later - 1) == FIRST
    assert signing([FIRST, SECOND], later) == SECOND
    assert wanted([FIRST, SECOND], later) == Term(3, later, later + SIGNS_S)


def test_after_a_long_sleep_a_key_is_published_before_it_signs_all_the_same() -> None:
    later = NOW + 10 * SIGNS_S
    assert wanted([FIRST, SECOND], later) == Term(3, later, later + AHEAD_S)
    assert signing([FIRST, SECOND], later) == SECOND


def test_a_key_stays_until_the_last_token_that_it_signed_has_expired_and_then_leaves() -> None:
    later = NOW + SIGNS_S
    assert not is_over(FIRST, [FIRST, SECOND], later + TOKEN_S)
    assert FIRST in published([FIRST, SECOND], later + STAYS_S - 1)
    assert is_over(FIRST, [FIRST, SECOND], later + STAYS_S)
    assert published([FIRST, SECOND], later + STAYS_S) == [SECOND]
    assert not is_over(SECOND, [FIRST, SECOND], later + 100 * SIGNS_S), "nobody follows it"


def test_a_rotation_lets_the_next_key_sign_as_soon_as_verifiers_can_know_it() -> None:
    assert rotated([FIRST, SECOND], NOW + AHEAD_S + 7) == Term(2, NOW, NOW + AHEAD_S + 7)
    assert rotated([FIRST, SECOND], NOW + 7) == Term(2, NOW, NOW + AHEAD_S)


def test_a_rotation_that_is_under_way_is_not_put_off_by_another() -> None:
    soon = Term(2, NOW, NOW + AHEAD_S)
    assert rotated([FIRST, soon], NOW + 100) is None
    assert rotated([FIRST], NOW) is None


def test_in_an_emergency_the_next_key_signs_at_once() -> None:
    assert rotated([FIRST, SECOND], NOW + 7, at_once=True) == Term(2, NOW, NOW + 7)


def test_a_clock_that_was_set_back_leaves_a_key_that_signs_and_one_that_follows() -> None:
    for past in (NOW - 60, NOW - 10 * SIGNS_S):
        assert signing([FIRST, SECOND], past) == FIRST
        assert published([FIRST, SECOND], past) == [FIRST, SECOND]
        assert wanted([FIRST, SECOND], past) is None


def test_a_key_that_was_published_in_the_future_is_rotated_to_all_the_same() -> None:
    ahead = Term(3, NOW + SIGNS_S, NOW + 2 * SIGNS_S)
    assert rotated([FIRST, ahead], NOW) == Term(3, NOW + SIGNS_S, NOW + AHEAD_S)


@given(st.lists(st.tuples(st.floats(0, 2 * SIGNS_S), st.booleans()), max_size=60), st.floats(0, TOKEN_S))
def test_a_token_is_good_for_its_whole_life_whatever_happens_to_keys(
    steps: list[tuple[float, bool]], age: float
) -> None:
    """Keys are tended and rotated at any times; what one of them has signed is verified by it until it expires."""
    terms: list[Term] = []
    now, signed = NOW, list[tuple[float, Term]]()
    for pause, rotate in steps:
        now += pause
        while term := wanted(terms, now):
            terms.append(term)
        key = signing(terms, now)
        assert key is not None
        assert key.signs_s - key.published_s >= AHEAD_S or key.generation == 1
        assert key in published(terms, now)
        signed.append((now, key))
        if rotate and (changed := rotated(terms, now)):
            terms = [changed if term.generation == changed.generation else term for term in terms]
        # What is over is deleted, as the store does.
        terms = published(terms, now)
        later = now + age
        for at, by in signed:
            if later < at + TOKEN_S:
                assert by.generation in {term.generation for term in published(terms, later)}
