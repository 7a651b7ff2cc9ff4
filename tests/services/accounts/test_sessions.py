"""Logins: refresh tokens in every order, at several instances, at any time."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator

import pytest
from sqlalchemy.engine import URL

import discovery
from discovery.testing.clock import FakeClock
from services.accounts.delay import FREE, LONGEST_S
from services.accounts.hashing import Hashing
from services.accounts.membership import Membership
from services.accounts.refresh_token import FAMILY_S, REPEATABLE_S
from services.kit.data.database import Database
from tests.services.accounts.cheap import CHEAP
from tests.services.accounts.instance import EMAIL, Accounts, instance, leap, set_back


@pytest.fixture
async def other(url: URL, around: discovery.Surroundings) -> AsyncIterator[Accounts]:
    """Another instance, on the same database."""
    async with instance(url, around) as other:
        yield other


async def first(accounts: Accounts) -> str:
    return str((await accounts.log_in()).json["refresh_token"])


async def renewed(accounts: Accounts, token: str) -> str:
    told = await accounts.renew(token)
    assert told.status == 200, told
    return str(told.json["refresh_token"])


async def test_a_token_is_renewed_by_whatever_instance(accounts: Accounts, other: Accounts) -> None:
    token = await first(accounts)
    for each in itertools.islice(itertools.cycle((other, accounts)), 6):
        following = await renewed(each, token)
        assert following != token
        token = following


async def test_the_one_before_the_newest_leads_to_the_same_for_ten_seconds(
    accounts: Accounts, other: Accounts, clock: FakeClock
) -> None:
    token = await first(accounts)
    following = await renewed(accounts, token)
    assert await renewed(other, token) == following
    await clock.advance(REPEATABLE_S)
    assert await renewed(other, token) == following
    assert await renewed(accounts, following) not in {token, following}


async def test_after_ten_seconds_it_ends_the_login(accounts: Accounts, other: Accounts, clock: FakeClock) -> None:
    token = await first(accounts)
    following = await renewed(accounts, token)
    await clock.advance(REPEATABLE_S + 0.1)
    assert (await other.renew(token)).status == 401
    assert (await accounts.renew(following)).status == 401, "whoever of the two is the thief"
    assert (await accounts.log_in()).status == 200


async def test_an_older_one_ends_the_login_at_once(accounts: Accounts, caplog: pytest.LogCaptureFixture) -> None:
    token = await first(accounts)
    second = await renewed(accounts, token)
    third = await renewed(accounts, second)
    assert (await accounts.renew(token)).status == 401
    assert "used again" in caplog.text
    for each in (second, third, token):
        assert (await accounts.renew(each)).status == 401
    assert not any(each in caplog.text for each in (token, second, third))


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))), ids=str)
async def test_no_order_of_use_leads_to_two_tokens_that_are_good(
    accounts: Accounts, other: Accounts, order: tuple[int, ...]
) -> None:
    """The owner has renewed three times; then the four tokens are used in any order, by anybody, at either instance."""
    tokens = [await first(accounts)]
    for _ in range(3):
        tokens.append(await renewed(accounts, tokens[-1]))
    newest, good = 3, True
    chain = list(tokens)
    for turn, index in enumerate(order):
        told = await (accounts, other)[turn % 2].renew(chain[index])
        if not good or index < newest - 1:
            assert told.status == 401
            good = False
        elif index == newest:
            chain.append(told.json["refresh_token"])
            newest += 1
        else:
            assert told.json["refresh_token"] == chain[newest]


async def test_a_crowd_with_one_token_gets_one_successor(accounts: Accounts, other: Accounts) -> None:
    token = await first(accounts)
    told = await asyncio.gather(*(each.renew(token) for _ in range(8) for each in (accounts, other)))
    assert {answer.status for answer in told} == {200}
    assert len({answer.json["refresh_token"] for answer in told}) == 1


async def test_old_and_new_at_once_end_the_login_or_lead_on_but_never_in_two_ways(
    accounts: Accounts, other: Accounts
) -> None:
    for _ in range(5):
        token = await first(accounts)
        second = await renewed(accounts, token)
        told = await asyncio.gather(
            *(each.renew(used) for used in (token, second, second, token) for each in (accounts, other))
        )
        kept = {answer.json["refresh_token"] for answer in told if answer.status == 200}
        good = [each for each in kept | {token, second} if (await accounts.renew(each)).status == 200]
        assert len(good) <= 1


async def test_logins_of_one_account_are_independent(accounts: Accounts) -> None:
    one, two = await first(accounts), await first(accounts)
    await accounts.log_out(one)
    assert (await accounts.renew(one)).status == 401
    assert (await accounts.renew(two)).status == 200


async def test_who_logs_out_ends_his_login_with_any_token_of_it_and_as_often_as_he_likes(accounts: Accounts) -> None:
    token = await first(accounts)
    following = await renewed(accounts, token)
    assert (await accounts.log_out(token)).status == 204
    assert (await accounts.renew(following)).status == 401
    assert (await accounts.log_out(following)).status == 204
    assert (await accounts.log_out("never was a token")).status == 204


async def test_a_login_ends_a_month_after_it_began(accounts: Accounts, clock: FakeClock) -> None:
    token = await renewed(accounts, await first(accounts))
    leap(clock, FAMILY_S - 1)
    token = await renewed(accounts, token)
    leap(clock, 1)
    assert (await accounts.renew(token)).status == 401


async def test_a_clock_that_was_set_back_leaves_logins_good(accounts: Accounts, clock: FakeClock) -> None:
    token = await first(accounts)
    set_back(clock, 3600)
    assert await renewed(accounts, await renewed(accounts, token))


@pytest.mark.parametrize("forged", ["", "A" * 64, "x", "é" * 30, "A" * 256])
async def test_what_is_no_token_is_refused_and_harms_nobody(accounts: Accounts, forged: str) -> None:
    token = await first(accounts)
    assert (await accounts.renew(forged)).status in {401, 422}
    assert (await accounts.renew(token)).status == 200


async def test_who_guesses_waits_and_longer_each_time(accounts: Accounts, other: Accounts, clock: FakeClock) -> None:
    for each in itertools.islice(itertools.cycle((accounts, other)), FREE):
        assert (await each.log_in(word="wrong horse")).status == 401
    for wait in (1, 2, 4, 8):
        told = await other.log_in()
        assert (told.status, told.headers["Retry-After"]) == (429, str(wait))
        await clock.advance(wait)
        assert (await accounts.log_in(word="wrong horse")).status == 401
    await clock.advance(16)
    assert (await accounts.log_in()).status == 200
    assert (await accounts.log_in(word="wrong horse")).status == 401, "the right one begins anew"


async def test_nobody_locks_anybody_out(accounts: Accounts, clock: FakeClock) -> None:
    for _ in range(20):
        await accounts.log_in(word="wrong horse")
        leap(clock, LONGEST_S / 10)
    assert (await accounts.log_in()).status == 429
    assert (await accounts.elsewhere().log_in()).status == 200
    assert (await accounts.log_in()).status == 429, "which forgives the other address nothing"


async def test_an_unknown_account_makes_wait_like_any_other(accounts: Accounts) -> None:
    told = [(await accounts.log_in("nobody@example.org")).status for _ in range(FREE + 1)]
    assert told == [401] * FREE + [429]


async def test_a_crowd_of_guesses_is_no_faster_than_one_after_the_other(accounts: Accounts, other: Accounts) -> None:
    told = await asyncio.gather(*(each.log_in(word=f"guess {n}") for n in range(15) for each in (accounts, other)))
    assert [answer.status for answer in told].count(401) == FREE
    assert {answer.status for answer in told} == {401, 429}


async def test_who_writes_his_own_address_is_counted_by_the_gateways(accounts: Accounts) -> None:
    told = [
        (await Accounts(accounts.client, f"203.0.113.{n}, 192.0.2.7").log_in(word="wrong horse")).status
        for n in range(FREE + 1)
    ]
    assert told == [401] * FREE + [429]


async def test_a_promotion_counts_with_the_next_token(
    accounts: Accounts, database: Database, around: discovery.Surroundings
) -> None:
    tokens = (await accounts.log_in()).json
    assert tokens["scope"] == "customer"
    assert await Membership(database, Hashing(CHEAP), around).appoint(EMAIL)
    assert (await accounts.renew(tokens["refresh_token"])).json["scope"] == "customer staff"
