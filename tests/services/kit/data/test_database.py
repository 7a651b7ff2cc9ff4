from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, insert, select
from sqlalchemy.engine import URL

from discovery.web import Problem
from services.kit.data.database import Database
from tests.services.kit.data.things import THINGS, add, count, home


async def test_an_empty_database_gets_its_table_and_its_first_data_once(url: URL, tmp_path: Path) -> None:
    async with Database(url, home(tmp_path)) as database:
        assert await database.read(count) == 2
        await database.write(partial(add, "three"))
        await database.write(lambda connection: connection.execute(THINGS.delete().where(THINGS.c.name == "one")))
    async with Database(url, home(tmp_path)) as database:
        assert await database.read(count) == 2


async def test_several_that_begin_at_once_do_not_seed_twice(url: URL, tmp_path: Path) -> None:
    databases = [Database(url, home(tmp_path), patience_s=10) for _ in range(6)]
    try:
        await asyncio.gather(*(database.__aenter__() for database in databases))
        assert [await database.read(count) for database in databases] == [2] * 6
    finally:
        await asyncio.gather(*(database.__aexit__(None, None, None) for database in databases))


async def test_an_instance_reads_what_another_has_written(url: URL, tmp_path: Path) -> None:
    async with Database(url, home(tmp_path)) as mine, Database(url, home(tmp_path)) as other:
        assert await other.read(count) == 2
        await mine.write(partial(add, "three"))
        assert await other.read(count) == 3


async def test_work_that_fails_leaves_nothing(database: Database) -> None:
    def fail(connection: Connection) -> None:
        add("three", connection)
        raise RuntimeError

    async with database:
        with suppress(RuntimeError):
            await database.write(fail)
        assert await database.read(count) == 2
        await database.write(partial(add, "three"))
        assert await database.read(count) == 3


async def test_what_is_there_already_is_a_409_that_names_the_field(database: Database) -> None:
    async with database:
        with pytest.raises(Problem) as refusal:
            await database.write(partial(add, "one"))

    assert refusal.value.status == 409
    assert [error.field for error in refusal.value.errors] == ["name"]


async def test_what_a_check_refuses_is_a_409_that_names_the_field(database: Database) -> None:
    async with database:
        with pytest.raises(Problem) as refusal:
            await database.write(partial(add, "nameless"))

    assert refusal.value.status == 409
    assert [error.field for error in refusal.value.errors] == ["name"]


async def test_those_that_read_before_they_write_take_turns(url: URL, tmp_path: Path) -> None:
    def copy(connection: Connection) -> None:
        largest = connection.execute(select(func.max(THINGS.c.id))).scalar_one()
        connection.execute(insert(THINGS).values(id=largest + 1, name=str(largest)))

    async with (
        Database(url, home(tmp_path), patience_s=10) as mine,
        Database(url, home(tmp_path), patience_s=10) as other,
    ):
        await asyncio.gather(*(database.write(copy) for database in (mine, other) * 10))
        assert await mine.read(count) == 22
