"""Which tokens count: those of our issuer, for us, now, and no others."""

from __future__ import annotations

import json

import pytest

from benchmarks.chaos.hostile_tokens import hostile_tokens
from benchmarks.chaos.tokens import TokenMaker
from services.kit.auth.issuer import Issuer
from services.kit.auth.keys import read_keys
from services.kit.auth.token import TOKEN_MAX, Caller, Refused, Verdict, judge, read

NOW = 1_800_000_000.7
MAKER = TokenMaker()
HOSTILE = hostile_tokens(MAKER, NOW)
KEYS = read_keys(json.dumps(MAKER.jwks()).encode())


def judged(token: str, now: float = NOW) -> Verdict:
    signed = read(token)
    if signed.kid not in KEYS:
        raise Refused("an unknown key")
    return judge(signed, KEYS[signed.kid], Issuer(MAKER.url, MAKER.audience), now)


def test_a_token_of_our_issuer_says_who_asks_and_what_he_may() -> None:
    verdict = judged(MAKER.token(NOW, sub="17", scope="customer staff"))

    assert verdict.caller == Caller("17", frozenset({"customer", "staff"}))
    assert verdict.key is KEYS[MAKER.kid]


def test_a_token_need_not_say_when_it_begins_and_may_say_more_than_is_read() -> None:
    assert judged(MAKER.token(NOW, nbf=None, client_id="shop", auth_time=1)).caller.subject == "1"


def test_there_are_at_least_sixty_hostile_ones() -> None:
    assert len(HOSTILE) == len(set(HOSTILE.values())) >= 60


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_token_is_refused(name: str) -> None:
    with pytest.raises(Refused):
        judged(HOSTILE[name])


@pytest.mark.parametrize("off_s", [-60, 60])
def test_a_clock_that_is_a_minute_off_refuses_nobody_whose_token_is_fresh_or_about_to_expire(off_s: int) -> None:
    fresh, old = MAKER.token(NOW + off_s), MAKER.token(NOW + off_s - 299)

    assert judged(fresh).caller == judged(old).caller


@pytest.mark.parametrize("claims", [{"iat": int(NOW) + 61, "exp": int(NOW) + 300}, {"nbf": int(NOW) + 61}])
def test_a_clock_that_is_further_off_than_a_minute_is_not_followed(claims: dict[str, int]) -> None:
    with pytest.raises(Refused, match="not valid yet"):
        judged(MAKER.token(NOW, **claims))


def test_a_verdict_ends_when_the_token_would_be_refused() -> None:
    token = MAKER.token(NOW)
    until = judged(token).until

    assert judged(token, until - 0.001).until == until
    with pytest.raises(Refused, match="expired"):
        judged(token, until)


def test_a_token_as_long_as_may_be_counts_and_one_that_is_longer_is_not_even_read() -> None:
    short = len(MAKER.token(NOW, padding=""))
    longest = MAKER.token(NOW, padding="x" * ((TOKEN_MAX - short) * 3 // 4))

    assert TOKEN_MAX - 3 <= len(longest) <= TOKEN_MAX
    assert judged(longest).caller.subject == "1"
    with pytest.raises(Refused, match="too long"):
        read("x" * (TOKEN_MAX + 1))


def test_a_token_that_lives_for_a_quarter_of_an_hour_counts() -> None:
    assert judged(MAKER.token(NOW, exp=int(NOW) + 900)).until == int(NOW) + 960
