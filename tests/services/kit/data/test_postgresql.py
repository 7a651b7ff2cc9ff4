"""What only PostgreSQL can do to us."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, select, text
from sqlalchemy.engine import URL

from discovery.web import Problem
from services.kit.data.database import Database
from services.kit.data.faults import Busy
from tests.postgresql.server import PostgreSQLServer, connected
from tests.services.gate import Gate
from tests.services.kit.data.things import THINGS, add, count, home

pytestmark = pytest.mark.postgresql


@pytest.fixture
def url(postgresql: PostgreSQLServer) -> URL:
    return postgresql.database("things")


@pytest.fixture
async def gate(url: URL) -> AsyncIterator[Gate]:
    async with Gate(url) as gate:
        yield gate


@pytest.fixture
def database(gate: Gate, tmp_path: Path) -> Database:
    return Database(gate.url, home(tmp_path), patience_s=20)


@pytest.fixture
def hasty(gate: Gate, tmp_path: Path) -> Database:
    """One whose patience is over within the test."""
    return Database(gate.url, home(tmp_path), patience_s=2)


async def refusal(doing: Awaitable[object]) -> Problem:
    with pytest.raises(Problem) as raised:
        await doing
    assert raised.value.status == 503
    assert raised.value.headers["Retry-After"] == "1"
    return raised.value


async def test_connections_that_were_lost_while_nobody_used_them_are_nobody_s_trouble(
    gate: Gate, database: Database
) -> None:
    async with database:
        await asyncio.gather(*(database.read(count) for _ in range(8)))
        for attempt in range(3):
            gate.cut()
            await database.write(partial(add, f"after {attempt}"))
            gate.cut()
            assert await database.read(count) == 3 + attempt


async def test_while_it_is_away_that_is_told_and_it_comes_back_by_itself(gate: Gate, database: Database) -> None:
    async with database:
        assert await database.read(count) == 2
        await gate.shut()
        told = await asyncio.gather(*(refusal(database.read(count)) for _ in range(20)))
        told += [await refusal(database.write(partial(add, "three"))), await refusal(database.check())]
        assert {each.detail for each in told} == {"the database of this service cannot be reached now"}
        await gate.open()
        await database.check()
        await database.write(partial(add, "three"))
        assert await asyncio.gather(*(database.read(count) for _ in range(20))) == [3] * 20


async def test_one_that_is_away_at_first_is_used_once_it_is_there(gate: Gate, database: Database) -> None:
    await gate.shut()
    async with database:
        await refusal(database.check())
        await gate.open()
        assert await database.read(count) == 2


async def test_one_that_says_nothing_any_more_keeps_nobody(gate: Gate, hasty: Database) -> None:
    async with hasty:
        assert await hasty.read(count) == 2
        gate.frozen = True
        await asyncio.gather(*(refusal(hasty.read(count)) for _ in range(20)))
        gate.frozen = False
        gate.cut()
        assert await asyncio.gather(*(hasty.read(count) for _ in range(5))) == [2] * 5


async def test_what_may_have_been_committed_is_not_done_again(gate: Gate, database: Database, url: URL) -> None:
    done = 0

    def once(connection: Connection) -> None:
        nonlocal done
        done += 1
        add("three", connection)

    async with database:
        assert await database.read(count) == 2
        gate.last_words = b"COMMIT"
        await refusal(database.write(once))
        gate.last_words = None
        assert done == 1
        assert await database.read(count) in {2, 3}


async def test_a_cancelled_unit_leaves_nothing_and_the_connections_whole(database: Database) -> None:
    def long(connection: Connection) -> None:
        add("three", connection)
        began.set()
        connection.execute(text("SELECT pg_sleep(60)"))

    async with database:
        for _ in range(10):
            began = asyncio.Event()
            task = asyncio.create_task(database.write(long))
            await began.wait()
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
        await database.write(partial(add, "three"))
        assert await asyncio.gather(*(database.read(count) for _ in range(20))) == [3] * 20


async def test_who_waits_too_long_for_a_lock_is_told_that_it_is_busy(hasty: Database, url: URL) -> None:
    async with hasty:
        holder = await connected(url)
        try:
            await holder.execute("BEGIN; LOCK TABLE things")
            with pytest.raises(Busy):
                await hasty.write(partial(add, "three"))
            with pytest.raises(Busy):
                await hasty.check_writing()
            await hasty.check()
        finally:
            await holder.close()
        await hasty.write(partial(add, "three"))
        await hasty.check_writing()


async def test_who_knows_statements_from_before_a_schema_changed_goes_on(url: URL, tmp_path: Path) -> None:
    def names(connection: Connection) -> list[str]:
        return list(connection.execute(select(THINGS.c.name).order_by(THINGS.c.id)).scalars())

    retyped = home(tmp_path / "next", 'op.alter_column("things", "name", type_=sa.Text)')
    async with Database(url, home(tmp_path)) as old:
        assert await old.read(names) == ["one", "two"]
        async with Database(url, retyped) as new:
            assert await new.read(names) == ["one", "two"]
            assert await asyncio.gather(*(old.read(names) for _ in range(20))) == [["one", "two"]] * 20


async def test_closing_waits_for_what_is_under_way(database: Database) -> None:
    async with database:
        began = asyncio.Event()

        def long(connection: Connection) -> int:
            add("three", connection)
            began.set()
            connection.execute(text("SELECT pg_sleep(0.2)"))
            return count(connection)

        task = asyncio.create_task(database.write(long))
        await began.wait()
    assert task.done()
    assert await task == 3


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        (lambda url: url.set(password="wrong"), "look at the role and the password"),
        (lambda url: url.set(username="nobody"), "look at the role and the password"),
        (lambda url: url.set(database="nowhere"), "make it, with its role"),
    ],
)
async def test_who_may_not_come_in_is_told_what_to_look_at(
    change: Callable[[URL], URL], advice: str, url: URL, tmp_path: Path
) -> None:
    async with Database(change(url), home(tmp_path)) as database:
        assert advice in (await refusal(database.check())).detail


async def test_one_that_can_only_be_read_is_read(url: URL, tmp_path: Path, postgresql: PostgreSQLServer) -> None:
    async with Database(url, home(tmp_path)) as database:
        assert await database.read(count) == 2
    postgresql.execute(f'ALTER DATABASE "{url.database}" SET default_transaction_read_only = on')
    async with Database(url, home(tmp_path)) as database:
        assert await database.read(count) == 2
        await database.check()
        assert "can only be read" in (await refusal(database.write(partial(add, "three")))).detail
        with pytest.raises(Problem):
            await database.check_writing()
