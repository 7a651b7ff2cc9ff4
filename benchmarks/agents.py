"""Consul agents to measure against: the embedded one and a real one, each a process of its own."""

from __future__ import annotations

import asyncio
import os
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Self

from discovery.clock import Clock
from discovery.config import MeshConfig
from discovery.errors import RegistryError
from launcher.development import CannotRun
from launcher.local import Agent, Child, Choice, Command, Ended, agent_command, find_program, free_ports
from launcher.plan import ROOT

_READY_S = 60.0
_POLL_S = 0.05


class _Deaf:
    def line(self, name: str, text: str, /) -> None: ...

    def ended(self, name: str, ended: Ended, retry_in_s: float, /) -> None: ...


def choices() -> dict[str, Choice]:
    """The embedded agent, and the real one where its program is."""
    program = find_program(os.environ)
    return {"embedded": Choice(embedded=True)} | ({"real": Choice(program=program)} if program else {})


def version_of(choice: Choice) -> str:
    """What the real program says of itself."""
    said = subprocess.run([str(choice.program), "version"], capture_output=True, text=True, check=True)  # noqa: S603
    return said.stdout.partition("\n")[0].removeprefix("Consul ")


class OwnAgent:
    """An agent of ours, for the length of a block; it can be ended at once, and started again where it was.

    It begins with nothing in it each time.
    """

    def __init__(self, choice: Choice, folder: Path, clock: Clock) -> None:
        ports = free_ports(4)
        self.url = f"http://127.0.0.1:{ports[0]}"
        self._argv = agent_command(choice, ports)
        self._log = folder / "agent.log"
        self._clock = clock
        self._ending = AsyncExitStack()
        self._child: Child | None = None

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self._ending.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._ending.aclose()

    async def start(self) -> None:
        """Start it, and wait until it has a leader.

        Raises:
            CannotRun: when it has none in time.
        """
        command = Command(name="consul", argv=self._argv, environ=os.environ, folder=ROOT, log=self._log)
        child = Child(command, clock=self._clock, listener=_Deaf(), grace_s=5.0)
        self._child = await self._ending.enter_async_context(child)
        async with Agent(MeshConfig(name="bench", consul_url=self.url)) as agent:
            await _ready(agent, self._clock, self._log)

    async def kill(self) -> None:
        """End it with SIGKILL."""
        if self._child is not None:
            self._child.kill()
        await self._ending.aclose()


@asynccontextmanager
async def running(choice: Choice, clock: Clock) -> AsyncIterator[Agent]:
    """An agent that has a leader, for the length of the block."""
    with tempfile.TemporaryDirectory() as folder:
        async with (
            OwnAgent(choice, Path(folder), clock) as own,
            Agent(MeshConfig(name="bench", consul_url=own.url)) as agent,
        ):
            yield agent


async def _ready(agent: Agent, clock: Clock, log: Path) -> None:
    try:
        async with clock.timeout(_READY_S):
            # A write needs a leader.
            while not await _succeeds(agent.put("bench", "ready")):
                await clock.sleep(_POLL_S)
    except TimeoutError:
        said = await asyncio.to_thread(log.read_text)
        # Without the requests that came meanwhile, of which there are many.
        told = "\n".join(line for line in said.splitlines() if "agent.http" not in line)
        raise CannotRun(f"the agent is not ready after {_READY_S:.0f} s: {told[-400:]}") from None


async def _succeeds(request: Awaitable[None]) -> bool:
    try:
        await request
    except (RegistryError, TimeoutError):
        return False
    return True
