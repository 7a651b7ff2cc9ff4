"""One command, run to its end within a limit; what it said is the answer, or the reason.

It has a session of its own, so that Ctrl-C at the terminal reaches us alone: what takes the stack down must not be
interrupted with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

from discovery.clock import Clock
from launcher.stack.failures import DockerFailed

# Docker says last what went wrong; a failed build, in some more lines.
_LAST_LINES = 25
# For leaving when asked; the engine goes on with what it began, so a client that dawdles is worth nothing.
_GRACE_S = 5.0


async def run(argv: Sequence[str], *, environ: Mapping[str, str], folder: Path, limit_s: float, clock: Clock) -> str:
    """Run *argv* in *folder* and give what it wrote to stdout.

    Raises:
        DockerFailed: when it could not start, took longer than ``limit_s`` seconds, or ended with another code than 0.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            env=environ,
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as exc:
        raise DockerFailed(argv, exc.strerror or str(exc), ()) from None
    try:
        async with clock.timeout(limit_s):
            out, err = await process.communicate()
    except TimeoutError:
        raise DockerFailed(argv, f"no end in {limit_s:g} s", ()) from None
    finally:
        if process.returncode is None:
            await _end(process, clock)
    if process.returncode:
        said = deque(_lines(out) + _lines(err), _LAST_LINES)
        raise DockerFailed(argv, f"exit code {process.returncode}", said)
    return out.decode(errors="replace")


async def _end(process: asyncio.subprocess.Process, clock: Clock) -> None:
    """End it and what it started: docker's plugins are processes of their own."""
    try:
        _signal(process, signal.SIGTERM)
        await _gone(process, clock)
    finally:
        _signal(process, signal.SIGKILL)
        await _gone(process, clock)


async def _gone(process: asyncio.subprocess.Process, clock: Clock) -> None:
    """Wait for its end and for that of its pipes, which belong to the loop; no longer than for somebody who dawdles."""
    with contextlib.suppress(TimeoutError):
        async with clock.timeout(_GRACE_S):
            await process.communicate()


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _lines(output: bytes) -> list[str]:
    return [line.rstrip() for line in output.decode(errors="replace").splitlines() if line.strip()]
