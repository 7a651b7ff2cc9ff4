"""A PostgreSQL of its own for loopback, which is ended, or killed, and started again where it was."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import asyncpg

from benchmarks.calls.processes import listening
from discovery.clock import Clock
from launcher.development import CannotRun
from launcher.local import free_ports

Rows = Sequence[Mapping[str, Any]]

_RECOVERED_S, _LOOK_S = 60.0, 0.05


class Server:
    """A server with data of its own."""

    def __init__(self, programs: Path, folder: Path, clock: Clock) -> None:
        self._programs = programs
        self._folder = folder
        self._clock = clock
        (self._port,) = free_ports(1)
        # It refuses to run for root.
        self._account = pwd.getpwnam("nobody") if os.getuid() == 0 else None
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """As a service is told it."""
        return self.of("postgres")

    def of(self, database: str) -> str:
        """Where one of its databases is."""
        return f"postgresql://postgres@127.0.0.1:{self._port}/{database}"

    async def make(self) -> None:
        """Make the data of all databases."""
        if self._account is not None:
            shutil.chown(self._folder, self._account.pw_uid, self._account.pw_gid)
        making = await self._run("initdb", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync")
        if await making.wait():
            raise CannotRun("initdb made no database")

    async def start(self) -> None:
        """Start it, and wait until it takes requests.

        Raises:
            CannotRun: when it does not in time, or ended.
        """
        # Processes are killed here, and not the machine, which has all that they wrote.
        options = ("listen_addresses=127.0.0.1", f"unix_socket_directories={self._folder}", "fsync=off")
        words = [word for option in options for word in ("-c", option)]
        self._process = await self._run("postgres", "-p", str(self._port), *words)
        await listening(self._port, self._clock, self._process)
        end = self._clock.now() + _RECOVERED_S
        while not await self._takes_requests():
            if self._clock.now() > end:
                raise CannotRun(f"PostgreSQL takes no requests after {_RECOVERED_S:g} s")
            await self._clock.sleep(_LOOK_S)

    async def _takes_requests(self) -> bool:
        # It listens while it still recovers what was under way, and says so.
        with suppress(OSError, asyncpg.PostgresError):
            await (await asyncpg.connect(self.url)).close()
            return True
        return False

    async def ask(self, database: str, *queries: str) -> list[Rows]:
        """What the *queries* find, each on its own."""
        connection = await asyncpg.connect(self.of(database))
        try:
            return [await connection.fetch(query) for query in queries]
        finally:
            await connection.close()

    async def change(self, database: str, table: str, statement: str, values: Iterable[Sequence[Any]]) -> None:
        """Do the *statement* for each of these *values*, all at once, while nobody else changes the *table*."""
        connection = await asyncpg.connect(self.of(database))
        try:
            async with connection.transaction():
                await connection.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
                await connection.executemany(statement, values)
        finally:
            await connection.close()

    async def end(self) -> None:
        """End it, and every connection with it."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGINT)
            await self._process.wait()

    async def kill(self) -> None:
        """End all of its processes with SIGKILL: what was committed has to be found in what it wrote before."""
        if self._process is not None and self._process.returncode is None:
            # Each leads a group of its own, and would have a moment for a last word when the first one is gone.
            pid = self._process.pid
            children = await asyncio.to_thread(Path(f"/proc/{pid}/task/{pid}/children").read_text, encoding="ascii")
            for each in (pid, *map(int, children.split())):
                with suppress(ProcessLookupError):
                    os.kill(each, signal.SIGKILL)
            await self._process.wait()

    async def _run(self, program: str, *words: str) -> asyncio.subprocess.Process:
        quiet = asyncio.subprocess.DEVNULL
        user, group = (self._account.pw_uid, self._account.pw_gid) if self._account else (None, None)
        return await asyncio.create_subprocess_exec(
            *(str(self._programs / program), "-D", str(self._folder / "data"), *words),
            cwd=self._folder,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            stdin=quiet,
            stdout=quiet,
            stderr=quiet,
            user=user,
            group=group,
            extra_groups=[] if self._account else None,
        )


@asynccontextmanager
async def serving(clock: Clock) -> AsyncIterator[Server]:
    """A server that runs, for the length of the block.

    Raises:
        CannotRun: when there is no PostgreSQL here.
    """
    programs = _programs()
    if programs is None:
        raise CannotRun("there is no PostgreSQL here: .ci/postgresql says how to get it")
    with TemporaryDirectory(prefix="postgresql-") as folder:
        server = Server(programs, Path(folder), clock)
        await server.make()
        try:
            await server.start()
            yield server
        finally:
            await server.end()


def _programs() -> Path | None:
    """Where the server and what belongs to it are; Debian keeps those of each version apart, and off the path."""
    places = [Path(found).resolve().parent for found in [shutil.which("initdb")] if found]
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((place for place in places if os.access(place / "postgres", os.X_OK)), None)
