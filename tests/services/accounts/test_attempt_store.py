"""Attempts that are counted where all instances see them."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
from sqlalchemy import Connection, func, select
from sqlalchemy.engine import URL

from services.accounts import attempt_store
from services.accounts.attempt_store import pair_of
from services.accounts.delay import FORGOTTEN_S, FREE
from services.accounts.tables import ATTEMPTS
from services.kit.data.database import Database
from tests.services.accounts.instance import HOME

NOW = 1_700_000_000.0
PAIR = pair_of("ada@example.org", "192.0.2.7")


async def attempt(database: Database, now_s: float = NOW, pair: bytes = PAIR) -> float:
    return await database.write(partial(attempt_store.count, pair=pair, now_s=now_s))


async def rows(database: Database) -> int:
    def work(connection: Connection) -> int:
        return connection.execute(select(func.count()).select_from(ATTEMPTS)).scalar_one()

    return await database.read(work)


async def test_a_refused_attempt_is_not_counted(database: Database) -> None:
    assert [await attempt(database) for _ in range(FREE + 3)] == [0] * FREE + [1] * 3
    assert await attempt(database, NOW + 1) == 0
    assert await attempt(database, NOW + 1) == 2


async def test_who_gave_the_right_password_begins_anew(database: Database) -> None:
    for _ in range(FREE):
        await attempt(database)
    await database.write(partial(attempt_store.forgive, pair=PAIR))
    assert await attempt(database) == 0


@pytest.mark.parametrize(("email", "address"), [("ada@example.org", "192.0.2.8"), ("bob@example.org", "192.0.2.7")])
async def test_another_address_and_another_account_are_counted_by_themselves(
    database: Database, email: str, address: str
) -> None:
    for _ in range(FREE):
        await attempt(database)
    assert await attempt(database) > 0
    assert await attempt(database, pair=pair_of(email, address)) == 0


async def test_two_instances_count_together_and_a_crowd_gets_no_more_guesses(url: URL) -> None:
    async with Database(url, HOME, patience_s=20) as mine, Database(url, HOME, patience_s=20) as other:
        waits = await asyncio.gather(*(attempt(database) for _ in range(20) for database in (mine, other)))
    assert waits.count(0) == FREE


async def test_a_restart_forgives_nothing(url: URL) -> None:
    async with Database(url, HOME) as database:
        for _ in range(FREE):
            await attempt(database)
    async with Database(url, HOME) as database:
        assert await attempt(database) > 0


async def test_what_is_forgotten_is_cleared_away(database: Database) -> None:
    for n in range(8):
        await attempt(database, pair=pair_of(f"{n}@example.org", "192.0.2.7"))
    await attempt(database, NOW + FORGOTTEN_S)
    assert await rows(database) == 1


async def test_neither_names_nor_addresses_are_kept(database: Database) -> None:
    await attempt(database)
    kept = await database.read(lambda connection: str(connection.execute(select(ATTEMPTS)).all()))
    assert "ada" not in kept
    assert "192.0" not in kept
