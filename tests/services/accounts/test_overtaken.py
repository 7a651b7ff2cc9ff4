"""What happens to a request while something else happens to its account, or to the key that signs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest
from sqlalchemy.engine import URL

import discovery
from discovery.testing.clock import FakeClock
from services.accounts.hashing import Place
from services.accounts.key_policy import TOKEN_S
from services.accounts.keyring import REREAD_S, Keyring
from services.kit.data.database import Database
from tests.services.accounts.cheap import CHEAP
from tests.services.accounts.instance import PASSWORD, Accounts, instance


@pytest.fixture
async def other(url: URL, around: discovery.Surroundings) -> AsyncIterator[Accounts]:
    """Another instance, on the same database."""
    async with instance(url, around) as other:
        yield other


def once_matched(monkeypatch: pytest.MonkeyPatch, happening: Callable[[], Awaitable[object]]) -> None:
    """Let something happen just after the next password was found to be right."""
    matches = Place.matches

    async def matching(place: Place, password: str, kept: str | None) -> bool:
        right = await matches(place, password, kept)
        monkeypatch.setattr(Place, "matches", matches)
        await happening()
        return right

    monkeypatch.setattr(Place, "matches", matching)


async def test_a_login_does_not_outlive_the_password_that_it_was_for(
    accounts: Accounts, other: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = (await accounts.log_in()).json["access_token"]
    once_matched(monkeypatch, lambda: other.change_password(token, PASSWORD, "battery staple"))
    assert (await accounts.log_in()).status == 401
    assert (await accounts.log_in(word="battery staple")).status == 200


async def test_a_login_does_not_outlive_its_account(
    accounts: Accounts, other: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = (await accounts.log_in()).json["access_token"]
    once_matched(monkeypatch, lambda: other.with_token("DELETE", "/accounts/me", token))
    assert (await accounts.log_in()).status == 401


async def test_a_password_does_not_overwrite_the_one_that_took_the_place_of_the_old_one(
    accounts: Accounts, other: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = (await accounts.log_in()).json["access_token"]
    once_matched(monkeypatch, lambda: other.change_password(token, PASSWORD, "battery staple"))
    assert (await accounts.change_password(token, PASSWORD, "yet another one")).status == 403
    assert (await accounts.log_in(word="battery staple")).status == 200


async def test_who_log_in_at_once_with_an_outdated_hash_are_all_let_in(
    url: URL, around: discovery.Surroundings
) -> None:
    async with instance(url, around) as accounts:
        await accounts.sign_up()
    async with (
        instance(url, around, parameters=replace(CHEAP, time_cost=2)) as mine,
        instance(url, around, parameters=replace(CHEAP, time_cost=2)) as other,
    ):
        told = await asyncio.gather(mine.log_in(), other.log_in())
    assert [answer.status for answer in told] == [200, 200]


async def test_a_token_is_good_for_its_whole_life_whatever_happens_to_keys(
    accounts: Accounts, database: Database, around: discovery.Surroundings, clock: FakeClock
) -> None:
    async def read(token: str) -> int:
        return (await accounts.with_token("GET", "/accounts/me", token)).status

    before = (await accounts.log_in()).json["access_token"]
    assert await Keyring(database, around).rotate(at_once=True)
    await clock.advance(REREAD_S)
    after = (await accounts.log_in()).json["access_token"]
    assert before.partition(".")[0] != after.partition(".")[0], "another key has signed it"
    assert (await read(before), await read(after)) == (200, 200)
    await clock.advance(TOKEN_S - REREAD_S - 1)
    assert (await read(before), await read(after)) == (200, 200)
