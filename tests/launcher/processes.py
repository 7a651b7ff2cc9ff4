"""Tiny processes, and somebody who listens to them."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from random import Random

from discovery.clock import SystemClock
from launcher.local.child import Command, Ended
from launcher.local.supervisor import Supervisor


class Ears:
    """Remembers what is heard; a test waits for it instead of sleeping."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []
        self.ends: list[tuple[str, Ended]] = []
        self.delays: list[float] = []
        self._news = asyncio.Event()

    def line(self, name: str, text: str) -> None:
        self.lines.append((name, text))
        self._news.set()

    def ended(self, name: str, ended: Ended, retry_in_s: float) -> None:
        self.ends.append((name, ended))
        self.delays.append(retry_in_s)
        self._news.set()

    async def hear(self, text: str, times: int = 1) -> None:
        """Wait until somebody has said *text* so often."""
        while sum(said == text for _, said in self.lines) < times:
            self._news.clear()
            await self._news.wait()

    async def hear_something(self) -> str:
        """Wait for a first line."""
        while not self.lines:
            self._news.clear()
            await self._news.wait()
        return self.lines[0][1]

    async def hear_end(self, times: int = 1) -> None:
        """Wait until so many ends were told."""
        while len(self.ends) < times:
            self._news.clear()
            await self._news.wait()


class Impatient(SystemClock):
    """Sleeps not at all, and says how long it was asked to."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)  # noqa: TID251 - only lets others run


def script(tmp_path: Path, text: str, name: str = "it-1") -> Command:
    """A command that runs *text* in a shell."""
    return Command(
        name=name, argv=("/bin/sh", "-c", text), environ=os.environ, folder=tmp_path, log=tmp_path / f"{name}.log"
    )


def supervisor(ears: Ears, grace_s: float = 10.0) -> Supervisor:
    return Supervisor(clock=Impatient(), rng=Random(7), listener=ears, grace_s=grace_s)


async def gone(pid: int) -> None:
    """Wait until a killed process has gone: the signal is sent at once, and takes effect a moment later."""
    async with asyncio.timeout(5):
        while is_alive(pid):  # noqa: ASYNC110 - nothing tells us of the death of a stranger
            await asyncio.sleep(0)  # noqa: TID251 - one turn of the loop


def is_alive(pid: int) -> bool:
    """Whether the process exists; a zombie, which nobody has asked for its code yet, does not count."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
