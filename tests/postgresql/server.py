"""The server as the tests see it: a database for whoever asks."""

from __future__ import annotations

import asyncio
import fcntl
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
from sqlalchemy.engine import URL, make_url

T = TypeVar("T")

_SERVE = Path(__file__).with_name("serve.py")


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


@contextmanager
def shared(run: Path, programs: Path, worker: str) -> Iterator[PostgreSQLServer]:
    """The server of all who say the same folder of a *run*."""
    with (run / "postgresql").open("a+") as place:
        fcntl.flock(place, fcntl.LOCK_EX)
        place.seek(0)
        folder = Path(place.read().strip() or "/nowhere")
        if not (folder / "url").exists():
            folder = Path(tempfile.mkdtemp(prefix="proconsul-postgresql-"))
            place.truncate(0)
            place.write(str(folder))
            place.flush()
        with (folder / "users").open("a") as users:
            fcntl.flock(users, fcntl.LOCK_SH)
            if not (folder / "url").exists():
                _start(folder, programs)
            fcntl.flock(place, fcntl.LOCK_UN)
            server = PostgreSQLServer(make_url((folder / "url").read_text()), worker)
            server.execute("SELECT 'it is up'")
            yield server


def _start(folder: Path, programs: Path) -> None:
    with (folder / "log").open("wb") as log:
        started = subprocess.run([sys.executable, _SERVE, folder, programs], stdout=log, stderr=log, check=False)
    assert not started.returncode, (folder / "log").read_text()
