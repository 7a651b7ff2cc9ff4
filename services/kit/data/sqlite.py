"""SQLite in write-ahead mode: a thread that writes and a few that read, each with a connection that it keeps.

A unit of work takes one hop to a thread, and all that it does there is synchronous. Units that want to write at the
same moment share a transaction, and so the way to the disk. The threads are our own: an executor and a pool of
connections take 50 µs of a processor more for each read, and twice as much as these for each write.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, NullPool, create_engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from discovery.web import Problem
from services.kit.data.asking import Asked, heed
from services.kit.data.faults import Busy, Unusable, out_of_bounds, taken, unrelated
from services.kit.data.sqlite_file import ASKED_AGAIN_S, make_file, turn
from services.kit.data.unit import Queue, Unit, Work, following

T = TypeVar("T")

# More would wait for the interpreter, and not for the disk.
_READERS = 3

# How many units that write at the same moment go to the disk together.
_AT_ONCE = 32

# What the name of an error begins with, and what is wrong then.
_WRONG = {
    "SQLITE_FULL": "has no room left on its disk",
    "SQLITE_READONLY": "can only be read",
    "SQLITE_CORRUPT": "is damaged: restore a backup",
    "SQLITE_NOTADB": "is damaged: restore a backup",
}

_Doing = Callable[[Connection, Sequence[Unit]], list[Any]]


class SQLite:
    """One file. Units that write take turns, also with those of other processes."""

    def __init__(self, url: URL, patience_s: float) -> None:
        self._file = Path(url.database or "")
        self._patience_s = patience_s
        self._engine = create_engine(
            url,
            poolclass=NullPool,
            hide_parameters=True,  # what a caller sent has no place in an error
            # Transactions are begun here: the driver would begin them too late, at the first change.
            connect_args={"timeout": ASKED_AGAIN_S, "isolation_level": None},
        )
        heed(self._engine.dialect)
        self._asked = Asked(url)
        self._reads: Queue = SimpleQueue()
        self._writes: Queue = SimpleQueue()
        self._readers = [self._thread(self._reads, _read, 1) for _ in range(_READERS)]
        self._writer = self._thread(self._writes, self._write, _AT_ONCE)

    def open(self) -> None:
        """Start the threads."""
        for thread in (*self._readers, self._writer):
            thread.start()

    async def close(self) -> None:
        """Let what was asked for end, and the threads with it."""
        for _ in self._readers:
            self._reads.put(None)
        self._writes.put(None)
        for thread in (*self._readers, self._writer):
            await asyncio.to_thread(thread.join)

    async def read(self, work: Work[T]) -> T:
        """Do what only reads; all of it sees the same moment."""
        return await self._ask(self._reads, work)

    async def write(self, work: Work[T]) -> T:
        """Do what writes, whole or not at all."""
        return await self._ask(self._writes, work)

    async def migrate(self, work: Work[None], done: Work[bool]) -> None:
        """Do what changes the schema, unless it is *done*."""
        await asyncio.to_thread(make_file, self._file)
        if not await self.read(done):
            await asyncio.to_thread(self._migrate, self._unit(work))

    def problem(self, error: BaseException) -> Problem | None:
        """What a caller is told of *error*, or None where it is a mistake of ours."""
        if isinstance(error, OSError):
            return Unusable("cannot be reached now")
        cause = error.orig if isinstance(error, DBAPIError) else error
        if not isinstance(cause, sqlite3.Error) or not (name := getattr(cause, "sqlite_errorname", "")):
            return None
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return Busy()
        if name.startswith("SQLITE_CONSTRAINT"):
            return _refusal(name, str(cause))
        if isinstance(cause, sqlite3.OperationalError) and name == "SQLITE_ERROR":
            return None  # a statement that makes no sense
        wrong = next((what for start, what in _WRONG.items() if name.startswith(start)), "cannot be used now")
        return Unusable(wrong) if isinstance(cause, sqlite3.DatabaseError) else None

    async def _ask(self, queue: Queue, work: Work[T]) -> T:
        queue.put(unit := self._unit(work))
        answer: T = await unit.answer
        return answer

    def _unit(self, work: Work[Any]) -> Unit:
        loop = asyncio.get_running_loop()
        return Unit(work, loop.time() + self._patience_s, loop.create_future(), self._asked.by_this_unit())

    def _thread(self, queue: Queue, do: _Doing, at_once: int) -> threading.Thread:
        name = f"database {self._file.name}"
        return threading.Thread(target=self._serve, args=(queue, do, at_once), name=name, daemon=True)

    def _serve(self, queue: Queue, do: _Doing, at_once: int) -> None:
        connection: Connection | None = None
        for units in following(queue, at_once):
            together = connection is not None and len(units) > 1 and _do_together(connection, do, units)
            # Where one of them fails, each is done anew by itself, so that nobody pays for another.
            for unit in () if together else units:
                connection = self._do(connection, do, unit)
        if connection is not None:
            connection.close()

    def _do(self, connection: Connection | None, do: _Doing, unit: Unit) -> Connection | None:
        """Do one, and return the connection if it is still good."""
        try:
            if connection is None:
                connection = self._engine.connect()
                _driver(connection).execute("PRAGMA foreign_keys=ON")
            (result,) = do(connection, [unit])
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is for who waits
            unit.end(None, error)
            if connection is not None and self._spoilt(connection, error):
                connection.close()
                return None
        else:
            unit.end(result)
        return connection

    def _spoilt(self, connection: Connection, error: BaseException) -> bool:
        """Whether the connection is to be made anew: one from before a file was mended goes on with what it knows."""
        found = self.problem(error)
        return (
            connection.closed
            or connection.in_transaction()
            or (isinstance(found, Unusable) and not isinstance(found, Busy))
        )

    def _write(self, connection: Connection, units: Sequence[Unit]) -> list[Any]:
        if any(unit.late for unit in units):
            raise Busy
        results: list[Any] | None = None
        try:
            with connection.begin():
                with turn(self._file.with_name(f"{self._file.name}-turn"), lambda: units[0].late):
                    _begin_writing(_driver(connection), units[0])
                for unit in units:
                    unit.begun()
                results = [unit.do(connection) for unit in units]
        except BaseException as error:
            if results is not None:  # then it is the commit that failed
                for unit in units:
                    unit.committed(error)
            raise
        for unit in units:
            unit.committed()
        return results

    def _migrate(self, unit: Unit) -> None:
        # On a connection of its own, where foreign keys rest: a table may have to be made anew.
        with self._engine.connect() as connection:
            _driver(connection).execute("PRAGMA foreign_keys=OFF")
            self._write(connection, [unit])


def _read(connection: Connection, units: Sequence[Unit]) -> list[Any]:
    with connection.begin() as transaction:
        _driver(connection).execute("BEGIN")
        results = [unit.do(connection) for unit in units]
        transaction.rollback()
        return results


def _do_together(connection: Connection, do: _Doing, units: Sequence[Unit]) -> bool:
    """Do them all, and whether that was possible: what a write costs is mostly its way to the disk."""
    try:
        results = do(connection, units)
    except BaseException:  # noqa: BLE001 - who it is meant for will hear of it
        return False
    for unit, result in zip(units, results, strict=True):
        unit.end(result)
    return True


def _driver(connection: Connection) -> sqlite3.Connection:
    return cast("sqlite3.Connection", connection.connection.dbapi_connection)


def _begin_writing(driver: sqlite3.Connection, unit: Unit) -> None:
    # At once for writing: a transaction that reads first, and then finds somebody else writing, cannot be made to
    # wait but only to fail.
    while True:
        try:
            driver.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or unit.late:
                raise
        else:
            return


def _refusal(name: str, said: str) -> Problem | None:
    if name in {"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_ROWID"}:
        # "UNIQUE constraint failed: ports.laptop, ports.name", and that is all it says.
        return taken(re.findall(r"\.(\w+)", said))
    if name == "SQLITE_CONSTRAINT_CHECK":
        return out_of_bounds(said.rpartition(": ")[2])
    return unrelated() if name == "SQLITE_CONSTRAINT_FOREIGNKEY" else None
