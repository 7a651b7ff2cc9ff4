"""PostgreSQL goes away for a minute: what a service that keeps its data there says meanwhile, and afterwards."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.calls.processes import listening
from benchmarks.chaos.gateway.load import Answered, Asked, due, failed, sending
from benchmarks.chaos.gateway.stage import UNLIMITED, Process, Stage
from benchmarks.chaos.playing import Scenario
from discovery.clock import Clock
from launcher.development import CannotRun, Row
from launcher.local import free_ports
from launcher.plan import ROOT

_AWAY_S, _QUICK_AWAY_S, _AROUND_S = 60.0, 5.0, 4.0
_RATE, _BACK_S, _SLOWEST_S = 40.0, 5.0, 5.0


class Server:
    """A server with data of its own, for loopback; it is ended and started again where it was."""

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
        return f"postgresql://postgres@127.0.0.1:{self._port}/postgres"

    async def make(self) -> None:
        """Make the data."""
        if self._account is not None:
            shutil.chown(self._folder, self._account.pw_uid, self._account.pw_gid)
        making = await self._run("initdb", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync")
        if await making.wait():
            raise CannotRun("initdb made no database")

    async def start(self) -> None:
        """Start it, and wait until it listens."""
        options = ("listen_addresses=127.0.0.1", f"unix_socket_directories={self._folder}")
        words = [word for option in options for word in ("-c", option)]
        self._process = await self._run("postgres", "-p", str(self._port), *words)
        await listening(self._port, self._clock, self._process)

    async def end(self) -> None:
        """End it, and every connection with it."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGINT)
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


def rows_of(answers: Sequence[Answered], gone: float, back: float) -> list[Row]:
    """The figures, from all answers, and the moments at which the database went and came back."""
    before, away, after = (due(answers, *when) for when in ((0, gone - 1), (gone, back), (back, float("inf"))))
    odd = sum(not (answer.well or answer.status == 503) for answer in away)
    slowest = round(max((answer.ended_at - answer.due_at for answer in away), default=0.0), 2)
    again = round(max((answer.due_at - back for answer in failed(after)), default=0.0), 2)
    lost = len(failed([*before, *due(answers, back + _BACK_S, float("inf"))]))
    who = f"PostgreSQL away for {back - gone:.0f} s"
    return [
        Row(f"{who}: answered neither well nor by 503", odd, f"of {len(away)}", "= 0", odd == 0),
        Row(f"{who}: the longest answer", slowest, "s", f"<= {_SLOWEST_S:g} s", slowest <= _SLOWEST_S),
        Row(f"{who}, then back: the last refusal after", again, "s", f"<= {_BACK_S:g} s", again <= _BACK_S),
        Row(f"{who}: failed before, and after that", lost, f"of {len(answers)}", "= 0", lost == 0),
    ]


async def _play(stage: Stage) -> list[Row]:
    async with serving(stage.clock) as server, stage.system() as system:
        for number in (1, 2):
            await system.start(f"ports-{number}", DATABASE_URL=server.url)
        gateway = await system.start("gateway-1", root=ROOT, **UNLIMITED)
        await system.leads(gateway, "/api/ports/1")
        async with sending(lambda number: _ask(gateway, number), _RATE, stage.clock) as stop:
            await stage.clock.sleep(_AROUND_S)
            gone = stage.clock.now()
            await server.end()
            await stage.pause(_AWAY_S, _QUICK_AWAY_S)
            await server.start()
            back = stage.clock.now()
            await stage.clock.sleep(_BACK_S + _AROUND_S)
            answers = await stop()
    return rows_of(answers, gone, back)


def _ask(gateway: Process, number: int) -> Asked:
    """Every fourth is a write."""
    if number % 4:
        return Asked("GET", f"{gateway.url}/api/ports/1")
    port = {"name": f"Port {number}", "laptop": 1}
    return Asked("POST", f"{gateway.url}/api/ports", document=port, expected=(201,))


SCENARIOS = (Scenario("postgresql", "PostgreSQL goes away for a minute", _play),)
