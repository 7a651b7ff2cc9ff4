"""The console's database: SQLite in write-ahead mode, with one thread that writes and two that read.

A database that is broken, or that has other tables than ours, is set aside and a new one begun: a few days of
telemetry are no reason to stop. So it is with a file that somebody deletes or replaces. Every other failure of SQLite
(a full disk, a file that may not be opened, a lock) is the problem that the caller is told: 503, try again.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from discovery.web import Problem
from observability.console.store.aside import remove, remove_log, set_aside, size
from observability.console.store.file import Broken, File, code, is_full

_log = logging.getLogger(__name__)

_READERS = 2

_SOON = {"Retry-After": "1"}

# What may pass by itself, or with a person's help. All else is a mistake of ours.
_AWAY = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    }
)

# A database that is smaller than that gives no room by which the next would get any further.
_WORTHWHILE = 2**20

T = TypeVar("T")


class Full(Problem):
    """The disk is full, or as much of it as we may have."""


class WallClock(Protocol):
    """Tells the time of day."""

    def wall(self) -> float:
        """Seconds since 1970."""
        ...


class Database:
    """One file. Entering never fails: what cannot be opened yet is opened at the next use.

    ``full`` says that something found no room, until :meth:`make_room` was called.
    """

    def __init__(self, path: Path, clock: WallClock) -> None:
        self._path = path
        self._clock = clock
        self._file: File | None = None
        self.full = False

    async def __aenter__(self) -> Self:
        self._writer = ThreadPoolExecutor(1, "console-writer")
        self._readers = ThreadPoolExecutor(_READERS, "console-reader")
        try:
            await self.write(lambda connection: None)
        except Problem as problem:
            _log.warning("%s: %s; every request tries again", problem.detail, problem.cause)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A thread cannot be cancelled: what it has begun it finishes.
        await asyncio.to_thread(self._close)

    async def read(self, ask: Callable[[Connection], T]) -> T:
        """Ask in one of the threads that read. All that *ask* sees is of one moment, and it can change nothing.

        Raises:
            Problem: 503, when the database cannot be used now.
        """
        return await self._in(self._readers, lambda file: file.read(ask))

    async def write(self, change: Callable[[Connection], T]) -> T:
        """Change in the thread that writes: one transaction, committed when this returns.

        *change* runs a second time if the database turns out to be broken and a new one is begun. What it keeps in
        ``connection.info`` lasts as long as this database is open, and is emptied when a transaction fails.

        Raises:
            Full: when there is no room for it.
            Problem: 503, when the database cannot be written now; then nothing was changed.
        """
        with self._noticed():
            return await self._in(self._writer, lambda file: file.write(change))

    async def look(self) -> None:
        """Begin a new database if the file is not there any more: what is written to it is lost.

        Raises:
            Problem: 503, when that is not possible now.
        """
        await self.write(lambda connection: None)
        if (file := self._file) is not None and not await asyncio.to_thread(file.is_there):
            with _told():
                await asyncio.get_running_loop().run_in_executor(self._writer, self._reopened, file)

    async def make_room(self) -> None:
        """Move SQLite's log into the database, so that the log need not grow for what is deleted next.

        Raises:
            Full: when there is no room for that either.
            Problem: 503, when the database cannot be used now.
        """
        self.full = False
        with self._noticed():
            await self._in(self._writer, File.checkpoint)

    async def begin_anew(self) -> None:
        """Delete everything, where nothing else helps: a disk may be too full even for deleting some of it.

        Raises:
            Problem: 503, when that is not possible now, or would help nobody.
        """
        with _told():
            await asyncio.get_running_loop().run_in_executor(self._writer, self._anew)

    async def _in(self, threads: ThreadPoolExecutor, work: Callable[[File], T]) -> T:
        loop = asyncio.get_running_loop()
        with _told():
            if (file := self._file) is None:
                file = await loop.run_in_executor(self._writer, self._opened)
            try:
                return await loop.run_in_executor(threads, partial(work, file))
            except Broken as error:
                file = await loop.run_in_executor(self._writer, self._instead_of, file, str(error))
            return await loop.run_in_executor(threads, partial(work, file))

    def _opened(self) -> File:
        if self._file is None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                self._file = self._prepared()
            except Broken as error:
                self._set_aside(str(error))
                self._file = self._prepared()
        return self._file

    def _prepared(self) -> File:
        file = File(self._path, _READERS)
        try:
            file.prepare()
        except BaseException:
            file.close()
            raise
        return file

    def _instead_of(self, file: File, reason: str) -> File:
        """A new database, unless somebody else has already begun one instead of *file*."""
        if self._file is file:
            self._file = None
            file.close()
            self._set_aside(reason)
        return self._opened()

    def _set_aside(self, reason: str) -> None:
        aside = set_aside(self._path, self._clock.wall())
        _log.warning("the database of the console was set aside as %s, and a new one begun: %s", aside, reason)

    def _reopened(self, file: File) -> None:
        """Whatever is at our path now, instead of *file*."""
        if self._file is file:
            self._file = None
            file.close()
            remove_log(self._path)
            self._opened()
            _log.warning("the file of the console's database was gone or another one: what was in it is lost")

    def _anew(self) -> None:
        if size(self._path) < _WORTHWHILE:
            raise Full(503, "the disk is full, and not of the console's data", headers=_SOON)
        if self._file is not None:
            self._file.close()
            self._file = None
        remove(self._path)
        self._opened()
        self.full = False
        _log.warning("the disk is too full even for deleting: everything was, and a new database begun")

    @contextmanager
    def _noticed(self) -> Iterator[None]:
        """Tell a problem of too little room from the others; where only a reader has none, there is nothing to do."""
        try:
            yield
        except Problem as problem:
            if isinstance(problem.__cause__, DatabaseError) and is_full(problem.__cause__):
                self.full = True
                raise Full(problem.status, "the disk of the console is full", headers=_SOON) from problem.__cause__
            raise

    def _close(self) -> None:
        for threads in (self._readers, self._writer):
            threads.shutdown(cancel_futures=True)
        if self._file is not None:
            self._file.close()
            self._file = None


@contextmanager
def _told() -> Iterator[None]:
    """Turn what SQLite and the file system raise within the block into a problem."""
    try:
        yield
    except (DatabaseError, Broken, OSError) as error:
        if isinstance(error, DatabaseError) and code(error) not in _AWAY:
            raise
        raise Problem(503, "the database of the console cannot be used now", headers=_SOON) from error
