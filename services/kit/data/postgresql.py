"""PostgreSQL by asyncpg, with what SQLite promises: who reads sees one moment, and writers go one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from services.kit.data.postgresql_faults import AGAIN, STALE, state

T = TypeVar("T")
Work = Callable[[Connection], T]

_CONNECTIONS = 8

# The advisory lock, of this database alone, of who changes the schema.
_MIGRATIONS = 1


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
        self._reading = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._writing = self._engine.execution_options(isolation_level="SERIALIZABLE")

    def open(self) -> None:
        """Nothing: connections are made when they are needed."""

    async def close(self) -> None:
        """Close the connections."""
        await self._engine.dispose()

    async def read(self, work: Work[T]) -> T:
        """Do what only reads; all of it sees the same moment."""
        return await self._do(self._reading, work)

    async def write(self, work: Work[T]) -> T:
        """Do what writes, whole or not at all, as if no other unit were under way. It may be done more than once."""
        return await self._do(self._writing, work)

    async def migrate(self, work: Work[None], done: Work[bool]) -> None:
        """Do what changes the schema, unless it is *done*: one instance after the other."""

        def alone(connection: Connection) -> None:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATIONS})
            work(connection)

        if not await self.read(done):
            # By default it sees what was committed while it waited.
            await self._do(self._engine, alone)

    async def _do(self, engine: AsyncEngine, work: Work[T]) -> T:
        now = asyncio.get_running_loop().time
        until = now() + self._patience_s
        fresh = False
        while True:
            async with engine.connect() as connection:
                try:
                    result = await connection.run_sync(work)
                except DBAPIError as error:
                    # Nobody may have used the connection while it was lost, or since the schema changed: once, that
                    # says nothing.
                    stale = not fresh and (error.connection_invalidated or state(error) == STALE)
                    if now() > until or not (stale or state(error) in AGAIN):
                        raise
                    fresh = fresh or stale
                else:
                    # What fails from here on may be done, so it is not done again.
                    await connection.commit()
                    return result
