"""The data of one service, by units of work.

A unit of work is a plain function of a connection, the same for every database::

    async def read(id: int) -> Port | None:
        return await database.read(lambda connection: PORTS.get(connection, id))

Every failure is already the problem that the caller is told: 409 for what a constraint refuses, 503 for a database
that is busy, full, away, or not a database.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from sqlalchemy import text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

import discovery
from discovery.web import Problem
from services.kit.data.faults import Busy, Unusable
from services.kit.data.migrations import MigrationFailed, Migrations
from services.kit.data.sqlite import SQLite
from services.kit.data.unit import Work

if TYPE_CHECKING:
    from services.kit.data.postgresql import PostgreSQL

T = TypeVar("T")

_log = logging.getLogger(__name__)

# How long a unit may wait for others before it is refused: less than any caller waits for us.
PATIENCE_S = 2.0

# How long it is worth a warning that a unit could not write, when nobody has tried since.
_JUST_NOW_S = 15.0

# How many units may be asked for at once. At a millisecond each, the last of them waits for a fraction of a second.
_CROWD = 200

_EXPECTED = "expected sqlite:////path/to/file.db or postgresql://role:password@host/database"


def database_url(service: str, environ: Mapping[str, str]) -> URL:
    """``DATABASE_URL``, or else ``<service>.db`` in ``MESH_DATA``, or else in the user's state directory.

    Raises:
        ConfigError: when ``DATABASE_URL`` names neither an SQLite file nor a PostgreSQL database.
    """
    if raw := environ.get("DATABASE_URL", "").strip():
        try:
            url = make_url(raw)
        except (ArgumentError, ValueError):
            raise discovery.ConfigError(f"DATABASE_URL is not a URL: {_EXPECTED}") from None
        if url.get_backend_name() not in {"sqlite", "postgresql"} or not url.database or url.database == ":memory:":
            raise discovery.ConfigError(f"DATABASE_URL names no database that can be used: {_EXPECTED}")
        return url.set(drivername=url.get_backend_name())
    return file_url(discovery.state_directory(environ) / f"{service}.db")


def file_url(path: Path) -> URL:
    """The URL of an SQLite file."""
    return URL.create("sqlite", database=str(path))


class Database:
    """The database at *url* of the service whose folder is *home*, with its migrations in ``migrations/``.

    Entering never fails: what cannot be opened yet is opened at the next use.
    """

    def __init__(self, url: URL, home: Path, *, patience_s: float = PATIENCE_S) -> None:
        self._url = url
        self._migrations = Migrations(home)
        self._patience_s = patience_s
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._closed = False
        self._refused: Problem | None = None
        self._refused_at = 0.0
        self._prepared = False
        self._unprepared: Problem | None = None
        self._preparing = asyncio.Lock()
        self._store: SQLite | PostgreSQL

    async def __aenter__(self) -> Self:
        self._closed = False
        self._store = _store(self._url, self._patience_s)
        self._store.open()
        try:
            await self._prepare()
        except Problem as problem:
            if not isinstance(problem, MigrationFailed):
                _log.warning("%s: %s; every request tries again", problem.detail, problem.cause)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed = True
        await self._idle.wait()
        await self._store.close()

    async def read(self, work: Work[T]) -> T:
        """What *work* returns. It only reads, and all that it reads is of one moment."""
        await self._prepare()
        return await self._do(self._store.read, work)

    async def write(self, work: Work[T]) -> T:
        """What *work* returns, once all that it wrote is there to stay; nothing is when it raises.

        It has no effect but in the database, since it may have to be done again.
        """
        await self._prepare()
        try:
            result = await self._do(self._store.write, work)
        except Unusable as problem:
            self._refused, self._refused_at = problem, asyncio.get_running_loop().time()
            raise
        self._refused = None
        return result

    async def check(self) -> None:
        """Raise a :class:`Problem` unless the database can be read. A crowd in front of it does no harm."""
        await self._prepare()
        try:
            await self._do(self._store.read, lambda connection: connection.execute(text("SELECT 1")).scalar())
        except Busy:
            return

    async def check_writing(self) -> None:
        """Raise the :class:`Problem` of the last unit that wrote, if it was just now, and one of the database."""
        if self._refused is not None and asyncio.get_running_loop().time() - self._refused_at < _JUST_NOW_S:
            raise self._refused

    async def _do(self, how: Callable[[Work[T]], Awaitable[T]], work: Work[T]) -> T:
        if self._closed:
            raise Unusable("is closed: this instance is about to end")
        if self._under_way >= _CROWD:
            raise Busy
        self._under_way += 1
        self._idle.clear()
        try:
            return await how(work)
        except Problem:
            raise
        except Exception as error:
            problem = self._store.problem(error)
            if problem is None:
                raise
            # What a constraint says has what the caller sent in it.
            raise problem from (error if problem.status == 503 else None)
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()

    async def _prepare(self) -> None:
        """Bring the schema up to date; several instances may try at once, and of one instance one at a time."""
        if self._prepared:
            return
        before = self._unprepared
        async with self._preparing:
            if isinstance(self._unprepared, MigrationFailed):
                raise MigrationFailed(self._unprepared.what)  # what was wrong stays so
            if self._unprepared is not None and self._unprepared is not before:
                raise self._unprepared  # of just now: or the last of a crowd would wait as long as all before him
            if not self._prepared:
                try:
                    await self._migrate()
                except Problem as problem:
                    self._unprepared = problem
                    raise
                self._prepared = True

    async def _migrate(self) -> None:
        try:
            await self._do(partial(self._store.migrate, done=self._migrations.done), self._migrations.upgrade)
        except Exception as error:
            if isinstance(error, Unusable) and not isinstance(error, MigrationFailed):
                raise  # it is busy, or away: the next one tries again
            told = "could not be brought up to date, and is as it was before"
            what = error.what if isinstance(error, MigrationFailed) else told
            _log.exception("the database of %s %s", self._migrations.service, what)
            raise MigrationFailed(what) from error


def _store(url: URL, patience_s: float) -> SQLite | PostgreSQL:
    if url.get_backend_name() == "sqlite":
        return SQLite(url, patience_s)
    from services.kit.data.postgresql import PostgreSQL  # noqa: PLC0415 - only who uses it pays for it

    return PostgreSQL(url, patience_s)
