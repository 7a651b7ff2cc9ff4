"""What only a file can do to us, and threads."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event

from discovery.web import Problem
from services.kit.data import database as database_module
from services.kit.data import sqlite as sqlite_module
from services.kit.data.database import Database, file_url
from services.kit.data.faults import Busy
from services.kit.data.sqlite_file import turn
from tests.services.kit.data.things import add, count, home


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "things.db"


@pytest.fixture
def database(file: Path, tmp_path: Path) -> Database:
    return Database(file_url(file), home(tmp_path), patience_s=20)


@pytest.fixture
def hasty(file: Path, tmp_path: Path) -> Database:
    """One whose patience is over within the test."""
    return Database(file_url(file), home(tmp_path), patience_s=2)


@asynccontextmanager
async def locked(file: Path) -> AsyncIterator[None]:
    """Another process that writes without end."""
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as other:
        await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def refusal(doing: Awaitable[object]) -> Problem:
    with pytest.raises(Problem) as raised:
        await doing
    assert raised.value.status == 503
    assert raised.value.headers["Retry-After"] == "1"
    return raised.value


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("database things.db")]


class Held:
    """Work that goes on until it is released."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._ended = threading.Event()

    def __call__(self, connection: Connection) -> str:
        add("three", connection)
        self._loop.call_soon_threadsafe(self.began.set)
        assert self._ended.wait(30)
        return "done"

    def release(self) -> None:
        self._ended.set()


async def test_a_locked_database_is_read_and_ready_and_only_its_writers_are_told(file: Path, hasty: Database) -> None:
    async with hasty:
        async with locked(file):
            assert await hasty.read(count) == 2
            await hasty.check()
            await hasty.check_writing()
            for _ in range(3):
                assert isinstance(await refusal(hasty.write(partial(add, "three"))), Busy)
            await hasty.check()
            await refusal(hasty.check_writing())
        await hasty.write(partial(add, "three"))
        await hasty.check_writing()


async def test_that_nobody_could_write_is_forgotten_after_a_while(
    file: Path, hasty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hasty:
        async with locked(file):
            await refusal(hasty.write(partial(add, "three")))
        await refusal(hasty.check_writing())
        monkeypatch.setattr(database_module, "_JUST_NOW_S", 0.0)
        await hasty.check_writing()


async def test_a_database_that_is_locked_at_first_is_used_once_it_is_free(file: Path, hasty: Database) -> None:
    file.parent.mkdir()
    async with AsyncExitStack() as lock:
        await lock.enter_async_context(locked(file))
        async with hasty:
            await refusal(hasty.read(count))
            await refusal(hasty.check())
            await lock.aclose()
            assert await hasty.read(count) == 2


async def test_a_directory_that_is_away_at_first_is_used_once_it_is_there(file: Path, database: Database) -> None:
    file.parent.write_text("a file where the directory should be")
    async with database:
        await refusal(database.check())
        file.parent.unlink()
        await database.check()
        assert await database.read(count) == 2


async def test_of_a_crowd_before_a_database_that_is_away_one_tries_for_all(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []
    going_on = threading.Event()

    def away(_: Path) -> None:
        tried.append(1)
        assert going_on.wait(30)
        raise FileNotFoundError

    going_on.set()
    with monkeypatch.context() as patch:
        patch.setattr(sqlite_module, "make_file", away)
        async with database:
            tried.clear()
            going_on.clear()
            crowd = [asyncio.create_task(refusal(database.read(count))) for _ in range(20)]
            await asyncio.wait(crowd, timeout=0.01)
            going_on.set()
            await asyncio.gather(*crowd)
            assert tried == [1]
            await refusal(database.read(count))
            assert tried == [1, 1], "who comes later tries again"
            patch.undo()
            assert await database.read(count) == 2


async def test_a_file_that_is_no_database_is_a_503_and_is_left_alone(file: Path, database: Database) -> None:
    diary = b"my diary, " * 1000
    file.parent.mkdir()
    await asyncio.to_thread(file.write_bytes, diary)
    async with database:
        assert "restore a backup" in (await refusal(database.read(count))).detail

    assert await asyncio.to_thread(file.read_bytes) == diary


async def test_a_damaged_database_is_a_503_until_it_is_mended(file: Path, database: Database) -> None:
    async with database:
        await database.write(partial(add, "three"))
    whole = await asyncio.to_thread(file.read_bytes)
    # Everything but the first page, which holds the schema.
    await asyncio.to_thread(file.write_bytes, whole[:4096] + b"\xff" * (len(whole) - 4096))
    async with database:
        assert "restore a backup" in (await refusal(database.read(count))).detail
        assert "restore a backup" in (await refusal(database.write(partial(add, "four")))).detail
        await asyncio.to_thread(file.write_bytes, whole)
        assert await database.read(count) == 3
        await database.write(partial(add, "four"))


async def test_a_full_disk_is_told_to_writers_alone_and_forgotten_when_there_is_room(database: Database) -> None:
    def limit(pages: int, connection: Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    async with database:
        # The writer keeps its connection, which now has room for what is there.
        await database.write(partial(limit, 1))
        assert "no room left" in (await refusal(database.write(partial(add, "x" * 100_000)))).detail
        assert await database.read(count) == 2
        await database.check()
        assert "no room left" in (await refusal(database.check_writing())).detail
        await database.write(partial(add, "three"))
        await database.check_writing()


async def test_a_file_that_can_only_be_read_is_told_to_writers_alone(database: Database) -> None:
    async with database:
        await database.write(lambda connection: connection.exec_driver_sql("PRAGMA query_only=ON"))
        assert "can only be read" in (await refusal(database.write(partial(add, "three")))).detail
        assert await database.read(count) == 2


async def test_work_that_was_cancelled_before_it_began_is_not_done(database: Database) -> None:
    async with database:
        held = Held()
        holder = asyncio.create_task(database.write(held))
        await held.began.wait()
        waiting = [asyncio.create_task(database.write(partial(add, f"waiting {n}"))) for n in range(5)]
        done, _ = await asyncio.wait(waiting, timeout=0.01)
        assert not done
        for task in waiting:
            task.cancel()
        held.release()
        assert await holder == "done"
        await database.write(partial(add, "four"))
        assert await database.read(count) == 4


async def test_work_that_is_under_way_is_done_whole_though_nobody_waits_any_more(database: Database) -> None:
    async with database:
        held = Held()
        holder = asyncio.create_task(database.write(held))
        await held.began.wait()
        holder.cancel()
        await asyncio.wait([holder])
        held.release()
        await database.write(partial(add, "four"))
        assert await database.read(count) == 4


async def test_closing_waits_for_what_is_under_way_and_for_who_came_before(database: Database) -> None:
    async with database:
        held = Held()
        holder = asyncio.create_task(database.write(held))
        await held.began.wait()
        assert threads()
        behind = asyncio.create_task(database.write(partial(add, "four")))
        closing_ = asyncio.create_task(database.__aexit__(None, None, None))
        done, _ = await asyncio.wait([behind, closing_], timeout=0.05)
        assert not done
        held.release()
        await closing_
        assert await holder == "done"
        await behind
        await refusal(database.read(count))
    assert not threads()


async def test_of_a_crowd_as_many_wait_as_there_is_room_for(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "_CROWD", 3)
    async with database:
        held = Held()
        holder = asyncio.create_task(database.write(held))
        await held.began.wait()
        waiting = [asyncio.create_task(database.write(partial(add, f"waiting {n}"))) for n in range(2)]
        await asyncio.wait(waiting, timeout=0.01)
        assert isinstance(await refusal(database.read(count)), Busy)
        await database.check()
        held.release()
        await asyncio.gather(holder, *waiting)
        assert await database.read(count) == 5


@pytest.mark.timeout(60)
async def test_who_waits_behind_a_lock_waits_no_longer_than_the_first(
    file: Path, hasty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "_CROWD", 400)
    async with hasty as database:
        async with locked(file):  # one after the other would take longer than this test may
            await asyncio.gather(*(refusal(database.write(partial(add, str(n)))) for n in range(400)))
        assert await database.read(count) == 2


async def test_work_may_raise_anything(database: Database) -> None:
    async with database:
        with pytest.raises(RuntimeError, match="StopIteration"):
            await database.read(lambda _: next(iter(())))
        with pytest.raises(Thrown):
            await database.write(lambda _: throw())
        assert await database.read(count) == 2


class Thrown(BaseException):
    """No ``Exception``."""


def throw() -> None:
    raise Thrown


async def test_work_that_goes_to_the_disk_with_others_may_raise_anything_and_they_are_done(database: Database) -> None:
    async with database:
        held = Held()
        holder = asyncio.create_task(database.write(held))
        await held.began.wait()
        ending = asyncio.create_task(database.write(lambda _: throw()))
        others = [asyncio.create_task(database.write(partial(add, f"other {number}"))) for number in range(3)]
        await asyncio.wait(others, timeout=0.01)
        held.release()
        with pytest.raises(Thrown):
            await ending
        await asyncio.gather(holder, *others)
        assert await database.read(count) == 6


async def test_all_that_is_read_in_one_unit_is_of_one_moment(file: Path, tmp_path: Path) -> None:
    def twice(connection: Connection) -> tuple[int, int]:
        before = count(connection)
        asyncio.run_coroutine_threadsafe(other.write(partial(add, "three")), loop).result(30)
        return before, count(connection)

    loop = asyncio.get_running_loop()
    async with Database(file_url(file), home(tmp_path)) as database, Database(file_url(file), home(tmp_path)) as other:
        assert await database.read(twice) == (2, 2)
        assert await database.read(count) == 3


def test_who_has_just_written_does_not_pass_who_is_next(tmp_path: Path) -> None:
    path = tmp_path / "turn"
    with turn(path, lambda: False), pytest.raises(Busy), turn(path, lambda: True):
        pass
    with turn(path, lambda: True):
        pass


async def test_nobody_else_on_the_machine_may_look_into_the_directory(file: Path, database: Database) -> None:
    async with database:
        assert file.parent.stat().st_mode & 0o777 == 0o700


async def test_nobody_else_may_read_the_files_where_the_directory_is_open_to_others(
    file: Path, database: Database
) -> None:
    file.parent.mkdir(mode=0o755)
    async with database:
        files = {path.name: oct(path.stat().st_mode & 0o777) for path in file.parent.iterdir()}
    assert len(files) >= 3
    assert set(files.values()) == {"0o600"}, files


async def test_units_that_wait_at_the_same_moment_go_to_the_disk_together(database: Database) -> None:
    async with database:
        held = Held()
        first = asyncio.create_task(database.write(held))
        await held.began.wait()
        commits: list[Connection] = []

        def committed(connection: Connection) -> None:
            commits.append(connection)

        event.listen(Engine, "commit", committed)
        waiting = [asyncio.create_task(database.write(partial(add, f"thing {number}"))) for number in range(10)]
        await asyncio.wait(waiting, timeout=0)  # all of them stand in the queue
        held.release()
        try:
            await asyncio.gather(first, *waiting)
        finally:
            event.remove(Engine, "commit", committed)
        assert await database.read(count) == 2 + 1 + 10

    assert len(commits) == 2, "the one that was held, and all the others"


async def test_one_that_fails_takes_nobody_with_it(database: Database) -> None:
    async with database:
        held = Held()
        first = asyncio.create_task(database.write(held))
        await held.began.wait()
        names = ["four", "one", "five", "nameless", "six"]
        waiting = [asyncio.create_task(database.write(partial(add, name))) for name in names]
        await asyncio.wait(waiting, timeout=0)  # all of them stand in the queue
        held.release()
        await first
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert await database.read(count) == 2 + 1 + 3

    assert [getattr(outcome, "status", None) for outcome in outcomes] == [None, 409, None, 409, None]
