from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import URL

from services.kit.data import postgresql_copy
from services.kit.data.backup import backup, restore
from services.kit.data.database import Database, file_url
from services.kit.data.faults import Refused
from tests.services.kit.data.things import add, count, home

COLOUR = 'op.add_column("things", sa.Column("colour", sa.String, server_default="red"))'
LABELS = 'op.create_table("labels", sa.Column("id", sa.Integer, primary_key=True))'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "copies" / "a copy"


@pytest.fixture(autouse=True)
def copies(file: Path) -> None:
    file.parent.mkdir()


async def test_a_copy_brings_back_what_was_there_while_instances_run(url: URL, file: Path, tmp_path: Path) -> None:
    place = home(tmp_path)
    async with Database(url, place) as database, Database(url, place) as other:
        await database.write(partial(add, "three"))
        await asyncio.to_thread(backup, url, place, file)
        await database.write(partial(add, "four"))
        assert await other.read(count) == 4
        await asyncio.to_thread(restore, url, place, file)
        assert await database.read(count) == 3
        assert await other.read(count) == 3
        await other.write(partial(add, "five"))
        assert await database.read(count) == 4
    assert alone(file) == 0o600


def alone(file: Path) -> int:
    """Who may do what with the file, beside which there is no other."""
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    return file.stat().st_mode & 0o777


async def test_a_copy_goes_where_nothing_is(url: URL, file: Path, tmp_path: Path, database: Database) -> None:
    async with database:
        await database.write(partial(add, "three"))
    await asyncio.to_thread(backup, url, home(tmp_path), file)
    if url.get_backend_name() == "sqlite":
        url = file_url(tmp_path / "elsewhere" / "things.db")
    async with Database(url, home(tmp_path)) as elsewhere:
        await asyncio.to_thread(restore, url, home(tmp_path), file)
        assert await elsewhere.read(count) == 3


async def test_a_copy_of_an_older_schema_is_brought_up_to_date(url: URL, file: Path, tmp_path: Path) -> None:
    async with Database(url, home(tmp_path)):
        await asyncio.to_thread(backup, url, home(tmp_path), file)
    newer = home(tmp_path / "newer", COLOUR, LABELS)
    async with Database(url, newer) as database:
        await database.write(partial(add, "three"))
        await asyncio.to_thread(restore, url, newer, file)
        assert await database.read(count) == 2
        assert await database.read(lambda c: c.execute(text("SELECT colour FROM things LIMIT 1")).scalar()) == "red"


async def test_what_is_newer_or_of_another_service_or_not_whole_is_refused_and_the_data_stays(
    url: URL, file: Path, tmp_path: Path
) -> None:
    newer, other = home(tmp_path / "newer", COLOUR), tmp_path / "others"
    home(tmp_path).rename(other)
    place = home(tmp_path)
    async with Database(url, newer) as database:
        await asyncio.to_thread(backup, url, newer, file)
        await database.write(partial(add, "three"))
        with pytest.raises(Refused, match="of revision 2, and this is things of revision 1"):
            await asyncio.to_thread(restore, url, place, file)
        with pytest.raises(Refused, match="no copy of the data of others"):
            await asyncio.to_thread(restore, url, other, file)
        whole = await asyncio.to_thread(file.read_bytes)
        for broken in (b"", b"my diary" * 1000, whole[: len(whole) // 2]):
            await asyncio.to_thread(file.write_bytes, broken)
            with pytest.raises(Refused):
                await asyncio.to_thread(restore, url, newer, file)
        with pytest.raises(Refused):
            await asyncio.to_thread(restore, url, newer, tmp_path / "nowhere")
        assert await database.read(count) == 3


async def test_a_copy_replaces_no_file_and_leaves_none_when_it_fails(
    url: URL, file: Path, tmp_path: Path, database: Database
) -> None:
    await asyncio.to_thread(file.write_text, "another copy")
    async with database:
        with pytest.raises(Refused, match="is there already"):
            await asyncio.to_thread(backup, url, home(tmp_path), file)
        assert await asyncio.to_thread(file.read_text) == "another copy"
        with pytest.raises(Refused):
            await asyncio.to_thread(backup, url, home(tmp_path), tmp_path / "nowhere" / "copy")
    nobody = tmp_path / "nobody"
    home(tmp_path).rename(nobody)
    with pytest.raises(Refused, match="no copy of the data of nobody"):
        await asyncio.to_thread(backup, url, nobody, file.with_name("second"))
    assert alone(file)


async def test_a_copy_of_what_was_never_there_is_refused(file: Path, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="there is no data yet"):
        await asyncio.to_thread(backup, file_url(tmp_path / "things.db"), home(tmp_path), file)


async def test_a_damaged_database_is_to_be_moved_away_first(file: Path, tmp_path: Path) -> None:
    data, place = tmp_path / "state" / "things.db", home(tmp_path)
    async with Database(file_url(data), place):
        await asyncio.to_thread(backup, file_url(data), place, file)
    data.write_bytes(b"my diary" * 1000)
    with pytest.raises(Refused, match="move that file away"):
        await asyncio.to_thread(restore, file_url(data), place, file)
    data.unlink()
    await asyncio.to_thread(restore, file_url(data), place, file)
    with closing(sqlite3.connect(data)) as restored:
        assert restored.execute("SELECT count(*) FROM things").fetchone() == (2,)


async def test_without_the_programs_of_postgresql_that_is_said(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(postgresql_copy, "_DEBIAN", tmp_path)
    with pytest.raises(Refused, match="pg_dump is not here: install"):
        await asyncio.to_thread(backup, URL.create("postgresql", database="things"), home(tmp_path), file)
