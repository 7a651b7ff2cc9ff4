"""The `mesh` command as a user runs it, and what a test wants to know about it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import pytest

ROOT = Path(__file__).resolve().parents[2]
# What it promises for leaving, with room for a busy machine.
LEAVE_S = 20.0
START_S = 45.0
# The demonstration takes a minute and more on a busy machine.
_END_S = 150.0


def mesh(*arguments: str) -> tuple[str, ...]:
    if not entry_points(group="mesh.commands"):
        pytest.fail("the project is not installed: run ./mesh test", pytrace=False)
    return sys.executable, "-m", "launcher.main", *arguments


async def said(*arguments: str) -> tuple[int, str, str]:
    """Run a command to its end: its exit code, and what it said."""
    process = await asyncio.create_subprocess_exec(
        *mesh(*arguments), cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(_END_S):
        out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


class Up:
    """`mesh up`, or another command, for the length of a block; the block's end makes sure of all its processes.

    They are known by a mark in their environment, which every descendant inherits.
    """

    def __init__(self, *arguments: str, environ: Mapping[str, str] | None = None) -> None:
        self._arguments = arguments
        self._mark = f"E2E_MARK={uuid4().hex}"
        name, _, value = self._mark.partition("=")
        # A page that comes late on a busy machine is no shop that is away.
        self._environ = {"GATEWAY_PAGE_S": "10", **os.environ, **(environ or {}), name: value}

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *mesh(*self._arguments),
            cwd=ROOT,
            env=self._environ,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)
        await self._process.communicate()

    async def ready(self) -> dict[str, Any]:
        """The line of JSON that it says when all is ready."""
        assert self._process.stdout
        assert self._process.stderr
        async with asyncio.timeout(START_S):
            line = await self._process.stdout.readline()
        if not line:
            pytest.fail(f"it did not become ready: {(await self._process.stderr.read()).decode()}")
        content: dict[str, Any] = json.loads(line)
        return content

    def signal(self, number: signal.Signals = signal.SIGINT) -> None:
        """As Ctrl-C does, but to this process alone."""
        self._process.send_signal(number)

    async def hears(self, text: str) -> str:
        """Wait for a line on its standard error that has *text*."""
        assert self._process.stderr
        async with asyncio.timeout(START_S):
            while text not in (line := (await self._process.stderr.readline()).decode()):
                assert line, f"it ended without saying {text!r}"
        return line

    async def ended(self) -> int:
        """Its exit code."""
        async with asyncio.timeout(LEAVE_S):
            return await self._process.wait()

    def processes(self) -> list[int]:
        """All that run now: itself, and whatever it started."""
        found = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            try:
                if self._mark.encode() in path.read_bytes().split(b"\0"):
                    found.append(int(path.parent.name))
            except OSError:
                continue  # gone meanwhile, or another user's
        return found

    async def gone(self) -> None:
        """Wait until nothing of it runs."""
        await self.comes(lambda: not self.processes())

    async def comes(self, what: Callable[[], object]) -> None:
        """Wait until something is so; looked at in every turn, since nothing else would tell us."""
        async with asyncio.timeout(START_S):
            while not what():  # noqa: ASYNC110 - another process tells nobody
                await asyncio.sleep(0.01)  # noqa: TID251 - likewise
