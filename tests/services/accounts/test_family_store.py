"""Families of refresh tokens, one for each login."""

from __future__ import annotations

import json
from functools import partial

from sqlalchemy import Connection, select

from services.accounts import account_store, family_store
from services.accounts.account_store import Kept
from services.accounts.refresh_token import FAMILY_S, Family, RefreshToken
from services.accounts.tables import FAMILIES
from services.kit.data.database import Database

NOW = 1_700_000_000.0


def with_account(connection: Connection, id: str = "ada") -> None:
    account_store.add(connection, Kept(id, f"{id}@example.org", "hash", staff=False))


def family(number: int, now_s: float = NOW, account: str = "ada") -> Family:
    first = RefreshToken.first(number.to_bytes(2, "big") * 24)
    return Family(first.family, account, bytes(32), first.digest(), None, now_s, now_s + FAMILY_S)


def ids(connection: Connection) -> set[str]:
    return set(connection.execute(select(FAMILIES.c.id)).scalars())


async def test_what_is_kept_leads_to_no_token(database: Database) -> None:
    first = RefreshToken.first(bytes(range(48)))
    second = first.successor(bytes(32))

    def work(connection: Connection) -> str:
        with_account(connection)
        kept = Family(first.family, "ada", bytes(32), first.digest(), None, NOW, NOW + FAMILY_S)
        family_store.add(connection, kept, NOW)
        family_store.renew(connection, kept, second, NOW + 1)
        assert family_store.get(connection, first.family) == Family(
            first.family, "ada", bytes(32), second.digest(), first.digest(), NOW + 1, NOW + FAMILY_S
        )
        row = connection.execute(select(FAMILIES)).one()
        return json.dumps([value.hex() if isinstance(value, bytes) else value for value in row])

    kept = await database.write(work)
    assert first.secret.hex() not in kept
    assert second.secret.hex() not in kept


async def test_those_that_have_expired_are_cleared_away(database: Database) -> None:
    def work(connection: Connection) -> set[str]:
        with_account(connection)
        for number in range(8):
            family_store.add(connection, family(number), NOW)
        family_store.add(connection, family(99, NOW + FAMILY_S), NOW + FAMILY_S)
        return ids(connection)

    assert await database.write(work) == {family(99).id}


async def test_an_account_has_so_many_logins_and_the_one_used_longest_ago_ends(database: Database) -> None:
    def work(connection: Connection) -> set[str]:
        with_account(connection)
        with_account(connection, "bob")
        family_store.add(connection, family(9999, NOW, "bob"), NOW)
        for number in range(family_store.MOST):
            family_store.add(connection, family(number, NOW + number), NOW)
        oldest = family(0)
        family_store.renew(connection, oldest, RefreshToken.first(bytes(48)), NOW + 5000)
        family_store.add(connection, family(7777, NOW + 6000), NOW)
        return ids(connection)

    kept = await database.write(work)
    assert len(kept) == family_store.MOST + 1
    assert {family(0).id, family(7777).id, family(9999, NOW, "bob").id} <= kept
    assert family(1).id not in kept


async def test_all_logins_of_an_account_end_with_it_and_nobody_elses(database: Database) -> None:
    def work(connection: Connection) -> set[str]:
        for account in ("ada", "bob"):
            with_account(connection, account)
        family_store.add(connection, family(1), NOW)
        family_store.add(connection, family(2), NOW)
        family_store.add(connection, family(3, NOW, "bob"), NOW)
        account_store.remove(connection, "ada")
        return ids(connection)

    assert await database.write(work) == {family(3).id}


async def test_it_is_told_how_many_logins_ended(database: Database) -> None:
    await database.write(with_account)
    await database.write(partial(family_store.add, family=family(1), now_s=NOW))
    await database.write(partial(family_store.add, family=family(2), now_s=NOW))
    assert await database.write(partial(family_store.remove_all, account="ada")) == 2
    assert await database.write(partial(family_store.remove_all, account="ada")) == 0
