"""PostgreSQL by asyncpg, with what SQLite promises: who reads sees one moment, and writers go one after the other."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import asyncpg
from sqlalchemy import Connection, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from discovery.web import Problem
from services.kit.data.asking import BEGUN, COMMITTED, Asked, ended, heed, reached, taken_down
from services.kit.data.faults import Busy, Unusable, out_of_bounds, taken, unrelated
from services.kit.data.unit import Work

if TYPE_CHECKING:
    from observability import Queries

T = TypeVar("T")

_CONNECTIONS = 8

# The advisory lock, of this database alone, of who writes. What it read stays true until it is committed; the level
# SERIALIZABLE promises that too, but where many write to a small table nearly all of them have to begin again.
_WRITING = 1

# Nothing was committed, and the same unit may well go through when it is done again.
_AGAIN = frozenset({"40001", "40P01"})

# A statement was prepared for the schema of before.
_STALE = "0A000"

# It says: Key (laptop, name)=(1, USB-C) already exists.
_KEY = re.compile(r"Key \((.+?)\)=")

# What a state of SQL begins with, and what is wrong then.
_WRONG = {
    "08": "cannot be reached now",
    "25006": "can only be read",
    "28": "does not let this service in: look at the role and the password in DATABASE_URL",
    "3D": "does not exist: make it, with its role, by python -m services.kit.data.roles",
    "42501": "does not let this service do that: look at the rights of its role",
    "53100": "has no room left on its disk",
    "57P": "cannot be reached now",
    "58": "cannot be used now",
    "XX": "is damaged: restore a backup",
}
_BUSY = ("53", "55P03", "57014")


class PostgreSQL:
    """One database, of this service alone."""

    def __init__(self, url: URL, patience_s: float) -> None:
        self._patience_s = patience_s
        wait_ms = str(int(patience_s * 1000))
        self._engine: AsyncEngine = create_async_engine(
            url.set(drivername="postgresql+asyncpg"),
            pool_size=_CONNECTIONS,
            max_overflow=0,
            pool_timeout=patience_s,
            hide_parameters=True,  # what a caller sent has no place in an error
            connect_args={
                "timeout": patience_s,
                "command_timeout": 2 * patience_s,
                "server_settings": {"lock_timeout": wait_ms, "idle_in_transaction_session_timeout": "10000"},
            },
        )
        heed(self._engine.sync_engine.dialect)
        self._asked = Asked(url)
        self._reading = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._turn = asyncio.Lock()

    def open(self) -> None:
        """Nothing: connections are made when they are needed."""

    async def close(self) -> None:
        """Close the connections."""
        await self._engine.dispose()

    async def read(self, work: Work[T]) -> T:
        """Do what only reads; all of it sees the same moment."""
        if (queries := self._asked.by_this_unit()) is None:
            return await self._do(self._reading, work)
        with _closing(queries):
            return await self._do(self._reading, partial(taken_down, queries, work))

    async def write(self, work: Work[T]) -> T:
        """Do what writes, whole or not at all, while no other unit does."""
        if (queries := self._asked.by_this_unit()) is None:
            return await self._write(work, None)
        with _closing(queries):
            return await self._write(partial(taken_down, queries, work), queries)

    async def _write(self, work: Work[T], queries: Queries | None) -> T:
        def alone(connection: Connection) -> T:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WRITING})
            if queries is not None:
                reached(queries, BEGUN)
            return work(connection)

        # Of this process one waits there, or those who wait would keep the connections from those who read.
        try:
            async with asyncio.timeout(self._patience_s):
                await self._turn.acquire()
        except TimeoutError:
            raise Busy from None
        try:
            return await self._do(self._engine, alone, queries)
        finally:
            self._turn.release()

    async def migrate(self, work: Work[None], done: Work[bool]) -> None:
        """Do what changes the schema, unless it is *done*."""
        if not await self.read(done):
            await self.write(work)

    def problem(self, error: BaseException) -> Problem | None:
        """What a caller is told of *error*, or None where it is a mistake of ours."""
        if isinstance(error, PoolExhausted):
            return Busy()
        if isinstance(error, OSError | asyncpg.InterfaceError) or getattr(error, "connection_invalidated", False):
            return Unusable("cannot be reached now")
        found = _state(error)
        if found.startswith("23"):
            return _refusal(error, found)
        for start, what in _WRONG.items():
            if found.startswith(start):
                return Unusable(what)
        return Busy() if found in _AGAIN or found.startswith(_BUSY) else None

    async def _do(self, engine: AsyncEngine, work: Work[T], writes: Queries | None = None) -> T:
        now = asyncio.get_running_loop().time
        until = now() + self._patience_s
        fresh = False
        while True:
            async with engine.connect() as connection:
                committing = False
                try:
                    result = await connection.run_sync(work)
                    committing = True
                    await _commit(connection, writes)
                except DBAPIError as error:
                    # Nobody may have used the connection while it was lost, or since the schema changed: once, that
                    # says nothing. What is lost with a commit under way may be done, so it is not done again.
                    lost = error.connection_invalidated or _state(error) == _STALE
                    stale = lost and not fresh and not committing
                    if now() > until or not (stale or _state(error) in _AGAIN):
                        raise
                    fresh = fresh or stale
                else:
                    return result


async def _commit(connection: AsyncConnection, writes: Queries | None) -> None:
    if writes is None:
        await connection.commit()
        return
    try:
        await connection.commit()
    except BaseException as error:
        reached(writes, COMMITTED, error)
        raise
    reached(writes, COMMITTED)


@contextmanager
def _closing(queries: Queries) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        ended(queries, error)
        raise
    ended(queries, None)


def _refusal(error: BaseException, code: str) -> Problem | None:
    said = _cause(error)
    if code == "23505":
        found = _KEY.match(getattr(said, "detail", None) or "")
        return taken(re.findall(r"\w+", found[1])) if found else None
    if code == "23514":
        return out_of_bounds(str(getattr(said, "constraint_name", "")))
    return unrelated() if code == "23503" else None


def _state(error: BaseException) -> str:
    """What PostgreSQL calls it, five characters; empty where it does not come from there."""
    return getattr(_cause(error), "sqlstate", None) or ""


def _cause(error: BaseException) -> BaseException | None:
    """What asyncpg raised: SQLAlchemy has it in a wrapper in a wrapper."""
    if isinstance(error, DBAPIError):
        return error.orig.__cause__ if error.orig is not None else None
    return error
