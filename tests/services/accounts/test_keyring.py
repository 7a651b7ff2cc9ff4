"""Signing keys that all instances share."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.engine import URL

import discovery
from discovery.testing.clock import FakeClock
from discovery.web import Problem
from services.accounts.key_policy import AHEAD_S, SIGNS_S, STAYS_S, TOKEN_S
from services.accounts.keyring import REREAD_S, Keyring
from services.accounts.tables import SIGNING_KEYS
from services.kit.data.database import Database, file_url
from tests.services.accounts.instance import HOME, set_back


@pytest.fixture
def keyring(database: Database, around: discovery.Surroundings) -> Keyring:
    return Keyring(database, around)


async def names(keyring: Keyring) -> list[str]:
    return [key.name for key in await keyring.published()]


async def signer(keyring: Keyring) -> str:
    return (await keyring.signing()).name


async def test_there_are_a_key_that_signs_and_a_next_one_from_the_first_moment_on(keyring: Keyring) -> None:
    published = await names(keyring)
    assert len(published) == 2
    assert await signer(keyring) == published[0]


async def test_instances_that_begin_at_once_agree(url: URL, around: discovery.Surroundings) -> None:
    databases = [Database(url, HOME, patience_s=20) for _ in range(4)]
    try:
        await asyncio.gather(*(database.__aenter__() for database in databases))
        keyrings = [Keyring(database, around) for database in databases]
        assert len({tuple(found) for found in await asyncio.gather(*map(names, keyrings))}) == 1
        assert len(set(await asyncio.gather(*map(signer, keyrings)))) == 1
    finally:
        await asyncio.gather(*(database.__aexit__(None, None, None) for database in databases))


async def test_a_restart_changes_no_key(url: URL, around: discovery.Surroundings) -> None:
    async with Database(url, HOME) as database:
        before = await names(Keyring(database, around))
    async with Database(url, HOME) as database:
        assert await names(Keyring(database, around)) == before


async def test_a_key_is_followed_by_the_one_that_was_published_and_stays_while_its_tokens_live(
    keyring: Keyring, clock: FakeClock
) -> None:
    first, second = await names(keyring)
    await clock.advance(SIGNS_S)
    assert await signer(keyring) == second
    third = (await names(keyring))[2]
    assert await names(keyring) == [first, second, third]
    await clock.advance(TOKEN_S)
    assert first in await names(keyring)
    await clock.advance(STAYS_S - TOKEN_S)
    assert await names(keyring) == [second, third]


async def test_a_rotation_by_one_instance_is_seen_by_the_other_before_it_happens(
    url: URL, clock: FakeClock, around: discovery.Surroundings
) -> None:
    async with Database(url, HOME) as database, Database(url, HOME) as another:
        mine, other = Keyring(database, around), Keyring(another, around)
        first, second = await names(other)
        term = await mine.rotate()
        assert term is not None
        assert term.signs_s == clock.wall() + AHEAD_S
        assert await other.rotate() is None, "it is under way already"
        await clock.advance(AHEAD_S - 1)
        assert (await signer(mine), await signer(other)) == (first, first)
        await clock.advance(REREAD_S)
        assert (await signer(mine), await signer(other)) == (second, second)
        assert await names(mine) == await names(other)
        assert {first, second} < set(await names(mine))


async def test_two_who_rotate_at_once_rotate_once(url: URL, clock: FakeClock, around: discovery.Surroundings) -> None:
    async with Database(url, HOME) as database, Database(url, HOME) as another:
        mine, other = Keyring(database, around), Keyring(another, around)
        _, second = await names(mine)
        await names(other)
        terms = await asyncio.gather(mine.rotate(), other.rotate())
        assert terms.count(None) == 1
        await clock.advance(AHEAD_S)
        assert (await signer(mine), await signer(other)) == (second, second)


async def test_in_an_emergency_the_next_key_signs_at_once(keyring: Keyring, clock: FakeClock) -> None:
    first, second = await names(keyring)
    assert await keyring.rotate(at_once=True)
    await clock.advance(REREAD_S)
    assert await signer(keyring) == second
    assert first in await names(keyring), "what it signed is good for some minutes more"


@pytest.mark.parametrize("step_s", [-60.0, -86400.0, 86400.0])
async def test_a_clock_that_is_moved_leaves_keys_to_sign_and_to_verify_by(
    keyring: Keyring, clock: FakeClock, step_s: float
) -> None:
    before = await names(keyring)
    signing = await signer(keyring)
    set_back(clock, -step_s)
    await clock.advance(REREAD_S)
    assert await signer(keyring) == signing
    assert await names(keyring) == before


async def test_while_the_database_is_away_keys_stay_as_they_were(
    keyring: Keyring, clock: FakeClock, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await names(keyring)

    async def away(_: object) -> None:
        raise Problem(503, "away")

    monkeypatch.setattr(database, "read", away)
    await clock.advance(3600)
    assert await names(keyring) == before
    assert await signer(keyring) == before[0]


async def test_without_any_key_the_database_is_waited_for(around: discovery.Surroundings) -> None:
    async with Database(file_url(Path("/dev/null/accounts.db")), HOME) as database:
        with pytest.raises(Problem) as told:
            await Keyring(database, around).signing()
        assert told.value.status == 503


async def test_private_parts_are_told_to_nobody(
    keyring: Keyring, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    shown = repr(await keyring.published()) + repr(await keyring.signing()) + repr(await keyring.rotate())
    pairs = await database.read(lambda connection: connection.execute(select(SIGNING_KEYS.c.pair)).scalars().all())
    assert len(pairs) == 2
    for pair in pairs:
        assert json.loads(pair)["d"] not in shown + caplog.text
