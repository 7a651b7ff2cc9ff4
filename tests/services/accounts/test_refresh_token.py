"""Refresh tokens: what one says, what follows it, and what it is worth."""

from __future__ import annotations

import os

import pytest

from services.accounts.refresh_token import FAMILY_S, REPEATABLE_S, Family, RefreshToken, Verdict, judge

NOW = 1_700_000_000.0
KEY = bytes(32)
FIRST = RefreshToken.first(bytes(range(48)))
SECOND = FIRST.successor(KEY)
THIRD = SECOND.successor(KEY)


def family(newest: RefreshToken, previous: RefreshToken | None = None) -> Family:
    return Family(
        id=FIRST.family,
        account="ada",
        key=KEY,
        newest=newest.digest(),
        previous=previous.digest() if previous else None,
        renewed_s=NOW,
        expires_s=NOW + FAMILY_S,
    )


def test_a_token_is_read_as_it_was_written() -> None:
    text = FIRST.text()
    assert len(text) == 64
    assert RefreshToken.parse(text) == FIRST


@pytest.mark.parametrize(
    "text", ["", "x", "x" * 63, "x" * 65, "é" * 64, " " * 64, "=" * 64, "x" * 63 + "\n", "+/" * 32]
)
def test_what_never_was_a_token_is_none(text: str) -> None:
    assert RefreshToken.parse(text) is None


def test_a_successor_is_always_the_same_and_of_the_same_family() -> None:
    assert FIRST.successor(KEY) == SECOND
    assert SECOND.family == FIRST.family
    assert len(SECOND.secret) == 32


def test_who_has_an_old_token_and_no_key_or_the_key_and_no_token_can_make_no_other() -> None:
    assert FIRST.successor(os.urandom(32)) != SECOND
    assert RefreshToken(FIRST.family, FIRST.digest()).successor(KEY) != SECOND


def test_the_newest_is_renewed() -> None:
    assert judge(FIRST, family(FIRST), NOW + 1) is Verdict.NEWEST
    assert judge(SECOND, family(SECOND, FIRST), NOW + 86400) is Verdict.NEWEST


def test_the_one_before_it_leads_to_the_newest_for_ten_seconds() -> None:
    assert judge(FIRST, family(SECOND, FIRST), NOW) is Verdict.REPEATED
    assert judge(FIRST, family(SECOND, FIRST), NOW + REPEATABLE_S) is Verdict.REPEATED
    assert judge(FIRST, family(SECOND, FIRST), NOW + REPEATABLE_S + 0.1) is Verdict.STOLEN


def test_an_older_one_is_stolen_at_once() -> None:
    assert judge(FIRST, family(THIRD, SECOND), NOW) is Verdict.STOLEN


def test_a_secret_that_is_none_of_the_family_is_stolen() -> None:
    forged = RefreshToken(FIRST.family, bytes(32))
    assert judge(forged, family(SECOND, FIRST), NOW) is Verdict.STOLEN


def test_a_family_ends_a_month_after_its_login() -> None:
    assert judge(FIRST, family(FIRST), NOW + FAMILY_S - 1) is Verdict.NEWEST
    assert judge(FIRST, family(FIRST), NOW + FAMILY_S) is Verdict.EXPIRED
    assert judge(FIRST, family(SECOND, FIRST), NOW + FAMILY_S) is Verdict.EXPIRED


def test_the_clock_of_another_instance_may_be_ahead_by_as_long_as_a_repetition_may_take() -> None:
    assert judge(FIRST, family(SECOND, FIRST), NOW - REPEATABLE_S) is Verdict.REPEATED
    assert judge(FIRST, family(SECOND, FIRST), NOW - 3600) is Verdict.STOLEN


def test_secrets_are_not_in_what_they_are_shown_as() -> None:
    shown = repr(FIRST) + repr(family(SECOND, FIRST))
    for secret in (FIRST.secret, KEY, FIRST.digest(), SECOND.digest()):
        assert repr(secret) not in shown
        assert secret.hex() not in shown
