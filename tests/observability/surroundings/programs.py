"""The programs round the services, as processes of a test: each with a log, and ended by its id."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TypeVar

import aiohttp

from discovery.clock import SystemClock
from launcher.plan import ROOT
from tests.conftest import find_viewer

# What a busy machine needs for the slowest of them, with room.
COMES_S = 60.0
_LOOK_EVERY_S = 0.1
_LEAVE_S = 5.0

T = TypeVar("T")


def program(name: str) -> Path:
    """``jaeger``, ``prometheus`` or ``promtool``, for tests with that marker."""
    found = find_viewer(name)
    assert found is not None
    return found


def said(*command: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a program that checks something, to its end."""
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environ}, check=False)


@asynccontextmanager
async def running(
    name: str, folder: Path, *command: str | Path, environ: Mapping[str, str] | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run *command* for the length of the block; what it says is in *folder*, and told if it failed before."""
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=ROOT,
            env={**os.environ, **(environ or {})},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            yield process
            assert not process.returncode, f"{name} ended: {log.read_text(errors='replace')[-2000:]}"
        finally:
            with suppress(ProcessLookupError):
                process.terminate()
            try:
                async with asyncio.timeout(_LEAVE_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()


async def comes(what: Callable[[], Awaitable[T]], enough: Callable[[T], object], limit_s: float = COMES_S) -> T:
    """Ask until the answer is enough: another process tells nobody when it is ready."""
    clock = SystemClock()
    answer: object = "nothing"
    try:
        async with asyncio.timeout(limit_s):
            while True:
                with suppress(OSError, aiohttp.ClientError):
                    answer = got = await what()
                    if enough(got):
                        return got
                await clock.sleep(_LOOK_EVERY_S)
    except TimeoutError:
        raise AssertionError(f"it did not come; the last answer was {str(answer)[:2000]}") from None
