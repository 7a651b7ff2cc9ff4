from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy.engine import URL

from discovery.web import Problem
from discovery.web.validation import Schema
from services.kit.data.database import Database
from services.kit.data.records import LARGEST, Records
from tests.services.kit.data.things import THINGS, home


class Draft(Schema):
    name: str
    id: int | None = None


class Thing(Schema):
    id: int
    name: str


RECORDS = Records[Draft, Thing](THINGS, Thing)


async def add(database: Database, name: str, id: int | None = None) -> int:
    return (await database.write(partial(RECORDS.add, draft=Draft(name=name, id=id)))).id


async def test_what_was_added_is_found_replaced_and_removed(database: Database) -> None:
    async with database:
        added = await add(database, "three")
        assert await database.read(partial(RECORDS.get, id=added)) == Thing(id=added, name="three")
        after = Thing(id=added, name="drei")
        assert await database.write(partial(RECORDS.replace, id=added, draft=Draft(name="drei"))) == after
        assert await database.read(partial(RECORDS.get, id=added)) == after
        assert await database.write(partial(RECORDS.remove, id=added))
        assert not await database.write(partial(RECORDS.remove, id=added))
        assert await database.write(partial(RECORDS.replace, id=added, draft=Draft(name="tre"))) is None
        assert await database.read(partial(RECORDS.get, id=added)) is None


async def test_pages_follow_each_other(database: Database) -> None:
    async with database:
        for number in range(5):
            await add(database, f"thing {number}")
        first = await database.read(partial(RECORDS.page, after=0, most=4))
        assert [thing.id for thing in first] == [1, 2, 3, 4], "one more says that there is a next page"
        second = await database.read(partial(RECORDS.page, after=3, most=4))
        assert [thing.id for thing in second] == [4, 5, 6, 7]
        named = await database.read(
            lambda connection: RECORDS.page(connection, after=0, most=9, conditions=[THINGS.c.name == "one"])
        )
        assert [thing.id for thing in named] == [1]


async def test_no_id_is_given_twice_whoever_chose_it(database: Database) -> None:
    async with database:
        assert await add(database, "chosen", 10) == 10
        assert await add(database, "next") == 11
        assert await add(database, "between", 5) == 5
        assert await add(database, "after") == 12
        assert await add(database, "gone", 20) == 20
        await database.write(partial(RECORDS.remove, id=20))
        assert await add(database, "after it") == 21


async def test_an_id_that_was_chosen_twice_is_a_409(database: Database) -> None:
    async with database:
        with pytest.raises(Problem) as refusal:
            await add(database, "chosen", 1)

    assert refusal.value.status == 409
    assert [error.field for error in refusal.value.errors] == ["id"]


async def test_a_page_after_an_id_that_no_column_holds_is_empty(database: Database) -> None:
    async with database:
        for far in (LARGEST, LARGEST + 1, 10**18 - 1):
            assert not await database.read(partial(RECORDS.page, after=far, most=9))


async def test_many_that_add_at_once_each_get_an_id_of_their_own(url: URL, tmp_path: Path) -> None:
    async with (
        Database(url, home(tmp_path), patience_s=20) as mine,
        Database(url, home(tmp_path), patience_s=20) as other,
    ):
        chosen = [add(mine, f"chosen {number}", number) for number in range(10, 40, 3)]
        given = [add(mine, f"given {number}") for number in range(15)]
        others = [add(other, f"given to the other {number}") for number in range(15)]
        answers = await asyncio.gather(*chosen, *given, *others, return_exceptions=True)
        wrong = [answer for answer in answers if isinstance(answer, BaseException)]
        # Who chose an id that was just given to somebody is told; nobody else has any trouble.
        assert all(isinstance(each, Problem) and [error.field for error in each.errors] == ["id"] for each in wrong)
        ids = [answer for answer in answers if isinstance(answer, int)]
        assert len(set(ids)) == len(ids)
