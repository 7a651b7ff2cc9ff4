from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, func, insert, select

from discovery.web import Problem
from services.kit.database import Database
from services.kit.storage import file_url
from tests.services.support import locked

THINGS = Table("things", MetaData(), Column("id", Integer, primary_key=True), Column("name", String, unique=True))
SEED = [{"name": "one"}, {"name": "two"}]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "things.db"


def things(file: Path) -> Database:
    return Database(file_url(file), THINGS, SEED, busy_s=0.05)


async def count(database: Database) -> int:
    async with database.reading() as connection:
        return (await connection.execute(select(func.count()).select_from(THINGS))).scalar_one()


async def add(database: Database, name: str) -> None:
    async with database.writing() as connection:
        await connection.execute(insert(THINGS).values(name=name))


async def test_an_empty_database_gets_its_table_and_its_first_data_once(file: Path) -> None:
    async with things(file) as database:
        assert await count(database) == 2
        await add(database, "three")
    async with things(file) as database:
        assert await count(database) == 3


async def test_what_was_deleted_does_not_come_back(file: Path) -> None:
    async with things(file) as database, database.writing() as connection:
        await connection.execute(THINGS.delete())
    async with things(file) as database:
        assert await count(database) == 0


async def test_several_that_begin_at_once_do_not_seed_twice(file: Path) -> None:
    databases = [Database(file_url(file), THINGS, SEED, busy_s=5) for _ in range(6)]
    try:
        await asyncio.gather(*(database.__aenter__() for database in databases))
        assert [await count(database) for database in databases] == [2] * 6
    finally:
        await asyncio.gather(*(database.__aexit__(None, None, None) for database in databases))


async def test_an_instance_reads_what_another_has_written(file: Path) -> None:
    async with things(file) as mine, things(file) as other:
        assert await count(other) == 2
        await add(mine, "three")
        assert await count(other) == 3


async def test_a_transaction_that_fails_leaves_nothing(file: Path) -> None:
    async with things(file) as database:
        with suppress(RuntimeError):
            async with database.writing() as connection:
                await connection.execute(insert(THINGS).values(name="three"))
                raise RuntimeError
        assert await count(database) == 2


async def test_a_cancelled_transaction_leaves_nothing_and_the_connection_whole(file: Path) -> None:
    began = asyncio.Event()

    async def never_ending() -> None:
        async with database.writing() as connection:
            await connection.execute(insert(THINGS).values(name="three"))
            began.set()
            await asyncio.Event().wait()

    async with things(file) as database:
        for _ in range(10):
            task = asyncio.create_task(never_ending())
            await began.wait()
            began.clear()
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
        await add(database, "three")
        assert await count(database) == 3


async def test_what_is_there_already_is_a_409_that_names_the_field(file: Path) -> None:
    async with things(file) as database:
        with pytest.raises(Problem) as refusal:
            await add(database, "one")

    assert refusal.value.status == 409
    assert [error.field for error in refusal.value.errors] == ["name"]


async def test_a_locked_database_can_be_read_but_is_a_503_for_writers_and_not_ready(file: Path) -> None:
    async with things(file) as database:
        async with locked(file_url(file)):
            assert await count(database) == 2
            for attempt in (add(database, "three"), database.check()):
                with pytest.raises(Problem) as refusal:
                    await attempt
                assert refusal.value.status == 503
                assert "Retry-After" in refusal.value.headers
        await add(database, "three")
        await database.check()


async def test_a_database_that_is_locked_at_first_is_used_once_it_is_free(file: Path) -> None:
    file.parent.mkdir()
    async with locked(file_url(file)):
        database = await things(file).__aenter__()
        with pytest.raises(Problem) as refusal:
            await count(database)
        assert refusal.value.status == 503
    try:
        assert await count(database) == 2
    finally:
        await database.__aexit__(None, None, None)


async def test_a_directory_that_is_away_at_first_is_used_once_it_is_there(file: Path) -> None:
    file.parent.write_text("a file where the directory should be")
    async with things(file) as database:
        with pytest.raises(Problem) as refusal:
            await database.check()
        assert refusal.value.status == 503
        file.parent.unlink()
        await database.check()
        assert await count(database) == 2


async def test_a_file_that_is_no_database_is_a_503_and_is_left_alone(file: Path) -> None:
    diary = b"my diary, " * 1000
    file.parent.mkdir()
    await asyncio.to_thread(file.write_bytes, diary)
    async with things(file) as database:
        with pytest.raises(Problem) as refusal:
            await count(database)

    assert refusal.value.status == 503
    assert await asyncio.to_thread(file.read_bytes) == diary


async def test_a_damaged_database_is_a_503(file: Path) -> None:
    async with things(file) as database:
        await add(database, "three")
    await asyncio.to_thread(damage, file)
    async with things(file) as database:
        with pytest.raises(Problem) as refusal:
            await count(database)

    assert refusal.value.status == 503


def damage(file: Path) -> None:
    """Overwrite everything but the first page, which holds the schema."""
    whole = file.read_bytes()
    file.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))


async def test_two_that_read_before_they_write_take_turns(file: Path) -> None:
    async def copy(database: Database) -> None:
        async with database.writing() as connection:
            largest = (await connection.execute(select(func.max(THINGS.c.id)))).scalar_one()
            await asyncio.sleep(0)  # noqa: TID251 - one turn of the loop, for the other one
            await connection.execute(insert(THINGS).values(id=largest + 1, name=str(largest)))

    async with Database(file_url(file), THINGS, SEED, busy_s=5) as mine:
        async with Database(file_url(file), THINGS, SEED, busy_s=5) as other:
            await asyncio.gather(*(copy(database) for database in (mine, other) * 10))
        assert await count(mine) == 22


async def test_writers_of_one_process_queue_however_long_one_of_them_takes(file: Path) -> None:
    async with things(file) as database:
        async with database.writing():
            waiting = asyncio.create_task(add(database, "three"))
            done, _ = await asyncio.wait({waiting}, timeout=0.1)
            assert not done, "the limit of 0.05 s is for other processes"
        await waiting
        assert await count(database) == 3


async def test_nobody_else_on_the_machine_may_look_into_the_directory(file: Path) -> None:
    async with things(file):
        assert file.parent.stat().st_mode & 0o777 == 0o700
