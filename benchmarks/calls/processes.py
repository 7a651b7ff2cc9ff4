"""The processes of a run: each says one line when it is ready, and may answer a line with a line."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from discovery.clock import Clock
from launcher.development import CannotRun
from launcher.plan import ROOT

_READY_S = 30.0
# One round, with a large margin.
_ANSWER_S = 120.0
# Of clock_getcpuclockid(3): the clock of a whole process, all of its threads, in nanoseconds.
_SCHEDULED = 2


@dataclass(frozen=True, slots=True)
class Process:
    """One that is ready. ``said`` is its first line."""

    child: asyncio.subprocess.Process
    said: str

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self.child.pid

    async def ask(self, line: str) -> str:
        """Send a line, and wait for the line that answers it.

        Raises:
            CannotRun: when there is none.
        """
        if self.child.stdin is None or self.child.stdout is None:
            raise CannotRun("that process does not listen")
        self.child.stdin.write(f"{line}\n".encode())
        async with asyncio.timeout(_ANSWER_S):
            answer = await self.child.stdout.readline()
        if not answer:
            raise CannotRun("a process of the measurement ended; what it said is above")
        return answer.decode().strip()


@asynccontextmanager
async def python(
    *words: str, environ: Mapping[str, str] | None = None, program: str = sys.executable
) -> AsyncIterator[Process]:
    """``python -m`` with these *words*, ready, for the length of the block; *environ* is added to a neutral one."""
    child = await asyncio.create_subprocess_exec(
        *(program, "-m", *words),
        cwd=ROOT,
        env=_neutral() | dict(environ or {}),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Process(child, await _first_line(child, words))
    finally:
        await _end(child)


@asynccontextmanager
async def program(
    argv: Sequence[str], port: int, clock: Clock, environ: Mapping[str, str] | None = None
) -> AsyncIterator[int]:
    """A program that says nothing of use, once it listens at *port* of loopback; yields the number of its process."""
    quiet = asyncio.subprocess.DEVNULL
    child = await asyncio.create_subprocess_exec(
        *argv, cwd=ROOT, env=_neutral() | dict(environ or {}), stdin=quiet, stdout=quiet, stderr=quiet
    )
    try:
        await listening(port, clock, child)
        yield child.pid
    finally:
        await _end(child)


async def listening(
    port: int, clock: Clock, child: asyncio.subprocess.Process | None = None, *, within_s: float = _READY_S
) -> None:
    """Wait until somebody listens at *port* of loopback.

    Raises:
        CannotRun: when nobody does in time, or *child* ended.
    """
    end = clock.now() + within_s
    while clock.now() < end and (child is None or child.returncode is None):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await clock.sleep(0.05)
        else:
            writer.close()
            return
    raise CannotRun(f"nobody listens at port {port}")


def used_s(pid: int) -> float:
    """What a process has used of its processors so far, all of its threads.

    Raises:
        CannotRun: where there are no such clocks, or no such process.
    """
    try:
        return time.clock_gettime(~pid << 3 | _SCHEDULED)
    except OSError as error:
        raise CannotRun(f"the processor time of process {pid} is not known: {error.strerror}") from None


async def _first_line(child: asyncio.subprocess.Process, words: Sequence[str]) -> str:
    try:
        async with asyncio.timeout(_READY_S):
            line = await child.stdout.readline() if child.stdout else b""
    except TimeoutError:
        line = b""
    if not line:
        raise CannotRun(f"{' '.join(words)} did not start")
    return line.decode().strip()


async def _end(child: asyncio.subprocess.Process) -> None:
    if child.returncode is None:
        child.kill()
    await child.wait()


def _neutral() -> dict[str, str]:
    """The environment without what a shell says of meshes and telemetry, and with the same hashes in each process."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("CONSUL_", "MESH_", "OTEL_"))}
    return environ | {"PYTHONHASHSEED": "0"}
