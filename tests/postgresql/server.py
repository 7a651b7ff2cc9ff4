"""The server as the tests see it: a database for whoever asks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import asyncpg
from sqlalchemy.engine import URL

T = TypeVar("T")


class PostgreSQLServer:
    """Makes databases. *worker* is in their names, since others of the same run make theirs."""

    def __init__(self, url: URL, worker: str) -> None:
        self.url = url
        self._worker = worker

    def database(self, name: str) -> URL:
        """An empty database, whatever was in it before."""
        own = f"{self._worker}_{name}"
        self.execute(f'DROP DATABASE IF EXISTS "{own}" WITH (FORCE)', f'CREATE DATABASE "{own}" TEMPLATE template0')
        return self.url.set(database=own)

    def execute(self, *statements: str, url: URL | None = None) -> None:
        """Do that, each by itself, as the superuser unless *url* says otherwise."""

        async def do() -> None:
            connection = await connected(url or self.url)
            try:
                for statement in statements:
                    await connection.execute(statement)
            finally:
                await connection.close()

        apart(do)


async def connected(url: URL) -> Any:
    """A connection, once the server has started."""
    while True:
        try:
            return await asyncpg.connect(url.render_as_string(hide_password=False))
        except (OSError, asyncpg.CannotConnectNowError):
            await asyncio.sleep(0.02)  # noqa: TID251 - real time of another process


def apart(do: Callable[[], Awaitable[T]]) -> T:
    """What *do* comes to, in a loop of its own: there may be one here, for a test."""

    async def doing() -> T:
        async with asyncio.timeout(60):
            return await do()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, doing()).result()
