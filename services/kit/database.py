"""The data of one service: SQLite in write-ahead mode, so that its instances read while one of them writes.

Every failure is already the problem that the caller is told: 409 for a record that is there already, 503 for a
database that is locked, full, away or not a database.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Table, insert, inspect
from sqlalchemy.engine import URL
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.schema import CreateTable

from discovery.web import FieldError, Problem

_log = logging.getLogger(__name__)

# How long to wait for another process that writes. A write here takes milliseconds, and readiness, which may take
# 1 s, must hear of a lock before that.
BUSY_S = 0.8

# SQLite has one writer, to which a process lets its own one by one; the other connections read.
_CONNECTIONS = 5

# How long one of a crowd waits for a connection.
_QUEUE_S = 5.0


class Database:
    """One table in one file. Entering never fails: what cannot be opened yet is opened at the next use."""

    def __init__(self, url: URL, table: Table, seed: Sequence[Mapping[str, Any]], *, busy_s: float = BUSY_S) -> None:
        self._url = url
        self._table = table
        self._seed = seed
        self._busy_s = busy_s
        self._engine: AsyncEngine
        self._prepared = asyncio.Event()
        self._preparing = asyncio.Lock()
        self._writer = asyncio.Lock()

    async def __aenter__(self) -> Self:
        self._engine = create_async_engine(
            self._url,
            pool_size=_CONNECTIONS,
            max_overflow=0,
            hide_parameters=True,  # what a caller sent has no place in an error
            pool_timeout=_QUEUE_S,
            connect_args={"timeout": self._busy_s},
        )
        try:
            await self._prepare()
        except Problem as problem:
            _log.warning("%s: %s; every request tries again", problem.detail, problem.cause)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._engine.dispose()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection for one statement that reads: it sees everything committed before, by any instance."""
        with _told():
            await self._prepare()
            async with self._engine.connect() as connection:
                yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction, committed when the block ends well."""
        with _told():
            await self._prepare()
            async with self._writer, self._transaction() as connection:
                yield connection

    async def check(self) -> None:
        """Raise a :class:`Problem` unless the database can be read and written."""
        with _told():
            await self._prepare()
            async with self._transaction() as connection:
                await connection.execute(self._table.select().limit(1))

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection]:
        async with self._engine.begin() as connection:
            # At once for writing: a transaction that reads first, and then finds somebody else writing, cannot be
            # made to wait but only to fail. Python's driver begins its own too late, at the first change.
            await connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection

    async def _prepare(self) -> None:
        """Create the table, with what is in it at first, unless it exists; several processes may try at once."""
        if self._prepared.is_set():
            return
        async with self._preparing:
            if self._prepared.is_set():
                return
            with _told():
                await asyncio.to_thread(_make_file, Path(self._url.database or ""), self._busy_s)
                async with self._transaction() as connection:
                    if not await connection.run_sync(lambda sync: inspect(sync).has_table(self._table.name)):
                        await connection.execute(CreateTable(self._table))
                        await connection.execute(insert(self._table), list(self._seed))
            self._prepared.set()


@contextmanager
def _told() -> Iterator[None]:
    """Turn what SQLAlchemy, SQLite and the file system raise within the block into problems."""
    try:
        yield
    except IntegrityError as error:
        if not (fields := _taken(error)):
            raise
        message = "is taken" if len(fields) == 1 else "is taken in this combination"
        errors = [FieldError(field, message) for field in fields]
        raise Problem(409, f"there is one with the same {' and '.join(fields)}", errors=errors) from None
    except (OperationalError, PoolExhausted, sqlite3.Error, OSError) as error:
        raise _away() from error
    except DatabaseError as error:
        # "database disk image is malformed" is none of the more exact kinds, which are mistakes of ours.
        if type(error) is not DatabaseError:
            raise
        raise _away() from error


def _away() -> Problem:
    return Problem(503, "the database of this service cannot be used now", headers={"Retry-After": "1"})


def _taken(error: IntegrityError) -> list[str]:
    # SQLite says "UNIQUE constraint failed: ports.laptop, ports.name", and that is all it says.
    return re.findall(r"\.(\w+)", str(error.orig)) if "UNIQUE" in str(error.orig) else []


def _make_file(file: Path, busy_s: float) -> None:
    """Make sure of the directory, which nobody else on this machine may look into, and of the write-ahead mode.

    The mode stays with the file. Of two that switch it at the same moment SQLite fails one at once, however long it
    would wait for a lock; so they take turns.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory = os.open(file.parent, os.O_RDONLY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        with closing(sqlite3.connect(file, timeout=busy_s)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
    finally:
        os.close(directory)
