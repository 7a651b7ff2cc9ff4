"""The command as a process of its own: for signals, pipes, and what it loads."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

PATIENCE_S = 20.0


@asynccontextmanager
async def program(*words: str, **environ: str) -> AsyncIterator[Process]:
    """A command under way, ended with the block."""
    argv = (sys.executable, "-m", "discovery.cli.main", *words)
    process = await asyncio.create_subprocess_exec(
        *argv, stdout=PIPE, stderr=PIPE, env={**os.environ, "PYTHONUNBUFFERED": "1", **environ}
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def line(process: Process) -> str:
    """The next line of its output."""
    assert process.stdout is not None
    return (await process.stdout.readline()).decode().rstrip("\n")


async def complaint(process: Process) -> str:
    """The next line of what it says beside its output."""
    assert process.stderr is not None
    return (await process.stderr.readline()).decode().rstrip("\n")


async def interrupted(process: Process) -> tuple[int, str]:
    """Ctrl-C: how it ended, and what it complained of."""
    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, err.decode()
