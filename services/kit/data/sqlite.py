"""SQLite in write-ahead mode: a thread that writes and a few that read, each with a connection that it keeps.

A unit of work takes one hop to a thread, and all that it does there is synchronous.
"""

from __future__ import annotations

import asyncio
import contextvars
import fcntl
import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, NullPool, create_engine
from sqlalchemy.engine import URL

from services.kit.data.faults import Busy, Unusable
from services.kit.data.sqlite_faults import problem
from services.kit.data.turn import Turn

T = TypeVar("T")
Work = Callable[[Connection], T]

# More would wait for the interpreter, and not for the disk.
_READERS = 3

# How long SQLite itself waits for a lock before it is asked again.
_ASKED_AGAIN_S = 0.2


@dataclass(slots=True)
class _Unit:
    """Some work, until when it may wait for other processes, and who waits for what it comes to."""

    work: Work[Any]
    until: float
    keys: bool
    answer: asyncio.Future[Any]
    context: contextvars.Context = field(default_factory=contextvars.copy_context)

    @property
    def late(self) -> bool:
        return self.answer.get_loop().time() > self.until

    def end(self, result: object, error: BaseException | None) -> None:
        with suppress(RuntimeError):  # of a loop that is closed: nobody waits any more
            self.answer.get_loop().call_soon_threadsafe(self._tell, result, error)

    def _tell(self, result: object, error: BaseException | None) -> None:
        if self.answer.done():
            return
        if isinstance(error, StopIteration):  # which no future takes
            error = RuntimeError("the work raised StopIteration")
        if error is not None:
            self.answer.set_exception(error)
        else:
            self.answer.set_result(result)


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
            connect_args={"timeout": _ASKED_AGAIN_S, "isolation_level": None},
        )
        self._turn = Turn(self._file.with_name(f"{self._file.name}-turn"))
        self._reads: SimpleQueue[_Unit | None] = SimpleQueue()
        self._writes: SimpleQueue[_Unit | None] = SimpleQueue()
        self._readers = [self._thread(self._reads, self._read) for _ in range(_READERS)]
        self._writer = self._thread(self._writes, self._write)

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
        self._turn.close()

    async def read(self, work: Work[T]) -> T:
        """Do what only reads; all of it sees the same moment."""
        return await self._ask(self._reads, work)

    async def write(self, work: Work[T]) -> T:
        """Do what writes, whole or not at all."""
        return await self._ask(self._writes, work)

    async def migrate(self, work: Work[None], done: Work[bool]) -> None:
        """Do what changes the schema, unless it is *done*. Foreign keys rest: a table may have to be made anew."""
        await asyncio.to_thread(make_file, self._file)
        if not await self.read(done):
            await self._ask(self._writes, work, keys=False)

    async def _ask(self, queue: SimpleQueue[_Unit | None], work: Work[T], *, keys: bool = True) -> T:
        loop = asyncio.get_running_loop()
        unit = _Unit(work, loop.time() + self._patience_s, keys, loop.create_future())
        queue.put(unit)
        answer: T = await unit.answer
        return answer

    def _thread(self, units: SimpleQueue[_Unit | None], do: Callable[[Connection, _Unit], Any]) -> threading.Thread:
        return threading.Thread(target=self._serve, args=(units, do), name=f"database {self._file.name}", daemon=True)

    def _serve(self, units: SimpleQueue[_Unit | None], do: Callable[[Connection, _Unit], Any]) -> None:
        connection: Connection | None = None
        while (unit := units.get()) is not None:
            if unit.answer.cancelled():
                continue
            result, error = None, None
            try:
                connection = connection or self._connect()
                result = unit.context.run(do, connection, unit)
            except BaseException as exc:  # noqa: BLE001 - whatever it is, it is for who waits
                error = exc
                if connection is not None and _spoilt(connection, exc):
                    connection.close()
                    connection = None
            unit.end(result, error)
            del unit, result, error
        if connection is not None:
            connection.close()

    def _connect(self) -> Connection:
        connection = self._engine.connect()
        _driver(connection).execute("PRAGMA foreign_keys=ON")
        return connection

    def _read(self, connection: Connection, unit: _Unit) -> Any:
        with connection.begin() as transaction:
            _driver(connection).execute("BEGIN")
            result = unit.work(connection)
            transaction.rollback()
            return result

    def _write(self, connection: Connection, unit: _Unit) -> Any:
        if unit.late:
            raise Busy
        if not unit.keys:
            _driver(connection).execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.begin():
                with self._turn.taken(lambda: unit.late):
                    _begin_writing(_driver(connection), unit)
                return unit.work(connection)
        finally:
            if not unit.keys:
                _driver(connection).execute("PRAGMA foreign_keys=ON")


def _spoilt(connection: Connection, error: BaseException) -> bool:
    """Whether the connection is to be made anew: one from before a file was mended goes on with what it knows."""
    found = problem(error)
    return (
        connection.closed
        or connection.in_transaction()
        or (isinstance(found, Unusable) and not isinstance(found, Busy))
    )


def _driver(connection: Connection) -> sqlite3.Connection:
    return cast("sqlite3.Connection", connection.connection.dbapi_connection)


def _begin_writing(driver: sqlite3.Connection, unit: _Unit) -> None:
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


def make_file(file: Path) -> None:
    """Make sure of the directory, which nobody else on this machine may look into, and of the write-ahead mode.

    The mode stays with the file. Of two that switch it at the same moment SQLite fails one at once, however long it
    would wait for a lock; so they take turns.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory = os.open(file.parent, os.O_RDONLY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        with closing(sqlite3.connect(file, timeout=_ASKED_AGAIN_S)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
    finally:
        os.close(directory)
