from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from discovery.testing.clock import FakeClock
from discovery.web import Problem
from observability.console.store.database import Database, Full

ASIDE = "console.db.broken-20231114T221320Z"
ADD = "INSERT INTO resources (digest, service, instance, attributes) VALUES (randomblob(16), 'ports', '', '{}')"


def add(connection: Connection) -> None:
    connection.exec_driver_sql(ADD)


def count(connection: Connection) -> int:
    return int(connection.exec_driver_sql("SELECT count(*) FROM resources").scalar_one())


def database(folder: Path) -> Database:
    return Database(folder / "console.db", FakeClock())


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def test_what_is_written_is_there_after_a_restart_in_a_folder_of_ones_own(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    async with database(folder) as first:
        await first.write(add)
        assert await first.read(count) == 1
    assert folder.stat().st_mode & 0o777 == 0o700
    async with database(folder) as second:
        assert await second.read(count) == 1


async def test_a_reader_can_change_nothing(tmp_path: Path) -> None:
    async with database(tmp_path) as opened:
        with pytest.raises(Problem):
            await opened.read(add)
        assert await opened.read(count) == 0


async def test_a_reader_sees_one_moment_and_waits_for_no_writer(tmp_path: Path) -> None:
    looked, written = threading.Event(), threading.Event()

    def look_twice(connection: Connection) -> tuple[int, int]:
        before = count(connection)
        looked.set()
        written.wait()
        return before, count(connection)

    async with database(tmp_path) as opened:
        looking = asyncio.create_task(opened.read(look_twice))
        await asyncio.to_thread(looked.wait)
        await opened.write(add)
        written.set()
        assert await looking == (0, 0)
        assert await opened.read(count) == 1


async def test_a_change_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail(connection: Connection) -> None:
        connection.info["told"] = True
        add(connection)
        raise KeyError

    def told(connection: Connection) -> bool:
        return "told" in connection.info

    async with database(tmp_path) as opened:
        with pytest.raises(KeyError):
            await opened.write(fail)
        assert (await opened.read(count), await opened.write(told)) == (0, False)


async def test_a_mistake_of_ours_is_not_told_as_a_database_that_is_away(tmp_path: Path) -> None:
    async with database(tmp_path) as opened:
        with pytest.raises(OperationalError, match="no such table"):
            await opened.read(lambda connection: connection.exec_driver_sql("SELECT 1 FROM nowhere"))


def _text(file: Path) -> None:
    file.write_text("this is a letter, not a database" * 100)


def _half(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _foreign(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA user_version=7")


@pytest.mark.parametrize("harm", [_text, _half, _foreign])
async def test_a_database_that_is_of_no_use_is_set_aside_at_the_start(
    tmp_path: Path, harm: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    async with database(tmp_path) as opened:
        await opened.write(add)
    harm(tmp_path / "console.db")
    async with database(tmp_path) as opened:
        assert await opened.read(count) == 0
        await opened.write(add)
    assert names(tmp_path) == {"console.db", ASIDE}
    assert f"set aside as {ASIDE}, and a new one begun" in caplog.text


async def test_only_the_latest_that_was_set_aside_is_kept(tmp_path: Path) -> None:
    clock = FakeClock()
    for _ in range(2):
        _text(tmp_path / "console.db")
        async with Database(tmp_path / "console.db", clock):
            await clock.advance(1)
    assert names(tmp_path) == {"console.db", "console.db.broken-20231114T221321Z"}


async def test_a_database_that_turns_out_to_be_broken_is_replaced_and_everybody_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with database(tmp_path) as opened:
        await opened.write(add)
    file = tmp_path / "console.db"
    with file.open("r+b") as raw:  # all but the page that is read at the start
        raw.seek(4096)
        raw.write(b"\xff" * (file.stat().st_size - 4096))
    async with database(tmp_path) as opened:
        await asyncio.gather(*(opened.read(count) for _ in range(8)), *(opened.write(add) for _ in range(8)))
        assert await opened.read(count) == 8
    assert caplog.text.count("set aside") == 1
    assert {name for name in names(tmp_path) if not name.endswith(("-wal", "-shm"))} == {"console.db", ASIDE}


async def test_a_database_that_cannot_be_opened_is_told_until_it_can(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "data").write_text("no folder")
    async with Database(tmp_path / "data" / "console.db", FakeClock()) as opened:
        assert "every request tries again" in caplog.text
        with pytest.raises(Problem) as caught:
            await opened.read(count)
        assert (caught.value.status, caught.value.headers) == (503, {"Retry-After": "1"})
        (tmp_path / "data").unlink()
        await opened.write(add)
        assert await opened.read(count) == 1


def _delete(file: Path) -> None:
    for each in file.parent.glob(f"{file.name}*"):
        each.unlink()


def _delete_but_for_the_log(file: Path) -> None:
    file.unlink()


def _replace(file: Path) -> None:
    (file.parent / "other").touch()
    (file.parent / "other").rename(file)


async def test_a_copy_that_somebody_puts_back_is_taken_as_it_is(tmp_path: Path) -> None:
    file, copy = tmp_path / "console.db", tmp_path / "copy.db"
    async with database(tmp_path) as opened:
        await opened.write(add)
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        await opened.write(add)
        copy.rename(file)
        await opened.look()
        assert await opened.read(count) == 1, "the log of the other file is not replayed into it"


@pytest.mark.parametrize("harm", [_delete, _delete_but_for_the_log, _replace])
async def test_a_file_that_somebody_takes_away_is_noticed_and_a_new_one_begun(
    tmp_path: Path, harm: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    async with database(tmp_path) as opened:
        await opened.write(add)
        await opened.look()
        assert (await opened.read(count), caplog.messages) == (1, [])
        harm(tmp_path / "console.db")
        await opened.look()
        await opened.look()
        assert await opened.read(count) == 0
        await opened.write(add)
        assert len(caplog.messages) == 1
        assert "was gone" in caplog.text
    async with database(tmp_path) as again:
        assert await again.read(count) == 1


async def test_no_room_is_a_problem_of_its_own_until_room_is_made(tmp_path: Path) -> None:
    def fill(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count=1").close()
        connection.exec_driver_sql("CREATE TABLE more AS SELECT zeroblob(100000)")

    async with database(tmp_path) as opened:
        noticed = [opened.full]
        with pytest.raises(Full):
            await opened.write(fill)
        noticed.append(opened.full)
        await opened.make_room()
        assert [*noticed, opened.full] == [False, True, False]
        assert (tmp_path / "console.db-wal").stat().st_size == 0


async def test_beginning_anew_deletes_everything_but_not_what_is_too_small_to_help(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with database(tmp_path) as opened:
        await opened.write(add)
        with pytest.raises(Full):
            await opened.begin_anew()
        assert await opened.read(count) == 1
        await opened.write(lambda connection: connection.exec_driver_sql(ADD.replace("'{}'", "zeroblob(2000000)")))
        await opened.begin_anew()
        assert await opened.read(count) == 0
        await opened.write(add)
    assert len(caplog.messages) == 1
    assert "everything was" in caplog.text
    assert names(tmp_path) == {"console.db"}
