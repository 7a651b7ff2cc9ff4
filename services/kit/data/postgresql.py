"""PostgreSQL by asyncpg, with what SQLite promises: who reads sees one moment, and writers go one after the other."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from sqlalchemy import Connection, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from services.kit.data.faults import Busy
from services.kit.data.postgresql_faults import AGAIN, STALE, problem, state
from services.kit.data.store import Work

T = TypeVar("T")

_CONNECTIONS = 8

# The advisory lock, of this database alone, of who writes. What it read stays true until it is committed; the level
# SERIALIZABLE promises that too, but where many write to a small table nearly all of them have to begin again.
_WRITING = 1


class PostgreSQL:
    """One database, of this service alone."""

    problem = staticmethod(problem)

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
        self._reading = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._turn = asyncio.Lock()

    def open(self) -> None:
        """Nothing: connections are made when they are needed."""

    async def close(self) -> None:
        """Close the connections."""
        await self._engine.dispose()

    async def read(self, work: Work[T]) -> T:
        """Do what only reads; all of it sees the same moment."""
        return await self._do(self._reading, work)

    async def write(self, work: Work[T]) -> T:
        """Do what writes, whole or not at all, while no other unit does."""

        def alone(connection: Connection) -> T:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WRITING})
            return work(connection)

        # Of this process one waits there, or those who wait would keep the connections from those who read.
        try:
            async with asyncio.timeout(self._patience_s):
                await self._turn.acquire()
        except TimeoutError:
            raise Busy from None
        try:
            return await self._do(self._engine, alone)
        finally:
            self._turn.release()

    async def migrate(self, work: Work[None], done: Work[bool]) -> None:
        """Do what changes the schema, unless it is *done*."""
        if not await self.read(done):
            await self.write(work)

    async def _do(self, engine: AsyncEngine, work: Work[T]) -> T:
        now = asyncio.get_running_loop().time
        until = now() + self._patience_s
        fresh = False
        while True:
            async with engine.connect() as connection:
                committing = False
                try:
                    result = await connection.run_sync(work)
                    committing = True
                    await connection.commit()
                except DBAPIError as error:
                    # Nobody may have used the connection while it was lost, or since the schema changed: once, that
                    # says nothing. What is lost with a commit under way may be done, so it is not done again.
                    lost = error.connection_invalidated or state(error) == STALE
                    stale = lost and not fresh and not committing
                    if now() > until or not (stale or state(error) in AGAIN):
                        raise
                    fresh = fresh or stale
                else:
                    return result
