"""Consul agents to measure against: the embedded one and a real one, each a process of its own."""

from __future__ import annotations

import asyncio
import os
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path

from discovery.clock import Clock
from discovery.config import MeshConfig
from discovery.errors import RegistryError
from launcher.development import CannotRun
from launcher.local import Agent, Child, Choice, Command, Ended, agent_command, find_program, free_ports
from launcher.plan import ROOT

_READY_S = 20.0
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


@asynccontextmanager
async def running(choice: Choice, clock: Clock) -> AsyncIterator[Agent]:
    """An agent that has a leader, for the length of the block."""
    ports = free_ports(4)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        argv = agent_command(choice, ports)
        command = Command(name="consul", argv=argv, environ=os.environ, folder=ROOT, log=log)
        async with (
            Child(command, clock=clock, listener=_Deaf(), grace_s=5.0),
            Agent(MeshConfig(name="bench", consul_url=f"http://127.0.0.1:{ports[0]}")) as agent,
        ):
            await _ready(agent, clock, log)
            yield agent


async def _ready(agent: Agent, clock: Clock, log: Path) -> None:
    try:
        async with clock.timeout(_READY_S):
            # A write needs a leader.
            while not await _succeeds(agent.put("bench", "ready")):
                await clock.sleep(_POLL_S)
    except TimeoutError:
        said = await asyncio.to_thread(log.read_text)
        raise CannotRun(f"the agent is not ready after {_READY_S:.0f} s: {said[-200:]}") from None


async def _succeeds(request: Awaitable[None]) -> bool:
    try:
        await request
    except (RegistryError, TimeoutError):
        return False
    return True
