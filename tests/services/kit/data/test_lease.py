"""What one holder at a time may do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.engine import URL

from services.kit.data import lease
from services.kit.data.database import Database
from tests.services.kit.data.things import home

LEASES = "from services.kit.data.lease import add_leases\nadd_leases(op.get_bind())\nadd_leases(op.get_bind())"


@pytest.fixture
async def leases(url: URL, tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(url, home(tmp_path, LEASES)) as database:
        yield database


async def claim(leases: Database, holder: str, now_s: float, name: str = "sending") -> bool:
    return await leases.write(partial(lease.claim, name=name, holder=holder, now_s=now_s, for_s=10.0))


async def holds(leases: Database, holder: str, now_s: float) -> bool:
    return await leases.read(partial(lease.holds, name="sending", holder=holder, now_s=now_s))


async def test_one_has_it_until_it_ends_and_may_have_it_longer(leases: Database) -> None:
    assert await claim(leases, "a", 0.0)
    assert not await claim(leases, "b", 9.9)
    assert await holds(leases, "a", 9.9)
    assert not await holds(leases, "b", 9.9)
    assert await claim(leases, "a", 9.9)
    assert not await claim(leases, "b", 19.8)
    assert not await holds(leases, "a", 19.9)
    assert await claim(leases, "b", 19.9)
    assert not await claim(leases, "a", 20.0)


async def test_who_gives_it_back_lets_the_next_one_have_it_and_takes_it_from_nobody(leases: Database) -> None:
    await claim(leases, "a", 0.0)
    await leases.write(partial(lease.release, name="sending", holder="b"))
    assert not await claim(leases, "b", 1.0)
    await leases.write(partial(lease.release, name="sending", holder="a"))
    assert await claim(leases, "b", 1.0)


async def test_each_name_is_somebody_s_own(leases: Database) -> None:
    assert await claim(leases, "a", 0.0)
    assert await claim(leases, "b", 0.0, name="order 7")


async def test_a_claim_that_did_not_come_to_its_end_was_none(leases: Database) -> None:
    def work(connection: Connection) -> None:
        assert lease.claim(connection, "sending", "a", now_s=0.0, for_s=10.0)
        raise LookupError

    with pytest.raises(LookupError):
        await leases.write(work)
    assert await claim(leases, "b", 0.0)
