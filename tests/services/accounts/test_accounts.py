"""Accounts over HTTP, from signing up to leaving."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.engine import URL

import discovery
from services.accounts.delay import FREE
from services.accounts.hashing import Place
from services.accounts.key_policy import TOKEN_S
from services.accounts.tables import ACCOUNTS
from services.kit.data.database import Database
from tests.services.accounts.cheap import CHEAP
from tests.services.accounts.instance import EMAIL, HOME, PASSWORD, Accounts, instance


async def test_who_signs_up_may_log_in_and_read_his_account(accounts: Accounts) -> None:
    told = await accounts.sign_up("Bob@Example.org", "battery staple")
    assert told.status == 201
    assert told.headers["Location"] == "/accounts/me"
    assert told.json == {"id": told.json["id"], "email": "bob@example.org", "role": "customer"}

    tokens = await accounts.log_in("BOB@example.org", "battery staple")
    assert tokens.status == 200
    assert tokens.headers["Cache-Control"] == "no-store"
    assert tokens.json["token_type"] == "Bearer"
    assert tokens.json["expires_in"] == TOKEN_S
    assert tokens.json["scope"] == "customer"

    read = await accounts.with_token("GET", "/accounts/me", tokens.json["access_token"])
    assert (read.status, read.json) == (200, told.json)
    assert read.headers["Cache-Control"] == "no-store"


async def test_a_name_is_given_once_however_it_is_written(accounts: Accounts) -> None:
    told = await accounts.sign_up("ADA@example.org", "battery staple")
    assert (told.status, told.fields) == (409, ["email"])
    assert (await accounts.log_in()).status == 200, "the password is that of the first"


async def test_wrong_credentials_are_told_in_the_same_words_whatever_is_wrong(accounts: Accounts) -> None:
    wrong = await accounts.log_in(word="wrong horse")
    unknown = await accounts.log_in("nobody@example.org")
    for told in (wrong, unknown):
        assert told.status == 401
        assert told.headers["WWW-Authenticate"] == "Bearer"
        assert told.fields == []
    assert without_instance(wrong.json) == without_instance(unknown.json)
    assert set(wrong.headers) == set(unknown.headers)


def without_instance(document: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in document.items() if name != "instance"}


async def test_an_unknown_account_costs_a_hash_like_any_other(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str] = []
    matches = Place._matches

    def counting(place: Place, kept: str, password: bytes) -> bool:
        compared.append(kept)
        return matches(place, kept, password)

    monkeypatch.setattr(Place, "_matches", counting)
    assert (await accounts.log_in("nobody@example.org")).status == 401
    assert (await accounts.log_in(word="wrong horse")).status == 401
    unknown, wrong = compared
    assert unknown.rsplit("$", 2)[0] == wrong.rsplit("$", 2)[0], "the same parameters"
    assert len(unknown) == len(wrong)


async def test_another_password_ends_all_logins_and_says_how_many(accounts: Accounts) -> None:
    first, second = (await accounts.log_in()).json, (await accounts.log_in()).json
    changed = await accounts.change_password(first["access_token"], PASSWORD, "battery staple")
    assert (changed.status, changed.json) == (200, {"logins_ended": 2})
    for tokens in (first, second):
        assert (await accounts.renew(tokens["refresh_token"])).status == 401
    assert (await accounts.log_in()).status == 401
    assert (await accounts.log_in(word="battery staple")).status == 200


async def test_another_password_needs_the_old_one(accounts: Accounts) -> None:
    tokens = (await accounts.log_in()).json
    refused = await accounts.change_password(tokens["access_token"], "wrong horse", "battery staple")
    assert refused.status == 403
    assert (await accounts.log_in()).status == 200
    assert (await accounts.renew(tokens["refresh_token"])).status == 200


async def test_who_stole_an_access_token_cannot_guess_the_password_faster_than_anybody(accounts: Accounts) -> None:
    token = (await accounts.log_in()).json["access_token"]
    told = [(await accounts.change_password(token, "wrong horse", "battery staple")).status for _ in range(FREE + 1)]
    assert told == [403] * FREE + [429]


async def test_who_leaves_takes_everything_with_him(accounts: Accounts) -> None:
    tokens = (await accounts.log_in()).json
    assert (await accounts.with_token("DELETE", "/accounts/me", tokens["access_token"])).status == 204
    assert (await accounts.renew(tokens["refresh_token"])).status == 401
    assert (await accounts.log_in()).status == 401
    again = await accounts.with_token("GET", "/accounts/me", tokens["access_token"])
    assert again.status == 401
    assert "invalid_token" in again.headers["WWW-Authenticate"]
    assert (await accounts.with_token("DELETE", "/accounts/me", tokens["access_token"])).status == 204

    before = (await accounts.sign_up()).json["id"]
    assert before, "the name is free again"
    assert (await accounts.with_token("GET", "/accounts/me", tokens["access_token"])).status == 401, (
        "and somebody else's"
    )


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/accounts/me"), ("DELETE", "/accounts/me"), ("PUT", "/accounts/me/password")]
)
async def test_without_a_token_nobody_is_anybody(accounts: Accounts, method: str, path: str) -> None:
    told = await accounts.client(method, path, json={"old": PASSWORD, "new": "battery staple"})
    assert (told.status, told.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert (await accounts.with_token(method, path, "nonsense")).status == 401


async def test_a_refresh_token_is_no_access_token_and_the_other_way_round(accounts: Accounts) -> None:
    tokens = (await accounts.log_in()).json
    assert (await accounts.with_token("GET", "/accounts/me", tokens["refresh_token"])).status == 401
    assert (await accounts.renew(tokens["access_token"][:256])).status == 401


async def test_two_who_want_a_name_at_once_do_not_both_get_it(url: URL, around: discovery.Surroundings) -> None:
    async with instance(url, around) as mine, instance(url, around) as other:
        told = await asyncio.gather(*(each.sign_up(EMAIL) for each in (mine, other) * 3))
        assert sorted(answer.status for answer in told) == [201, *[409] * 5]


async def test_a_login_with_an_outdated_hash_makes_a_new_one(url: URL, around: discovery.Surroundings) -> None:
    async def kept() -> str:
        async with Database(url, HOME) as database:
            return await database.read(lambda connection: connection.execute(select(ACCOUNTS.c.password)).scalar_one())

    async with instance(url, around) as accounts:
        await accounts.sign_up()
    before = await kept()
    async with instance(url, around, parameters=replace(CHEAP, time_cost=2)) as accounts:
        assert (await accounts.log_in(word="wrong horse")).status == 401
        assert await kept() == before
        assert (await accounts.log_in()).status == 200
        after = await kept()
        assert "t=2" in after
        assert (await accounts.log_in()).status == 200
        assert await kept() == after
