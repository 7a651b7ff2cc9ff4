"""The shop that is broken: its services, each instance with its data in PostgreSQL, and all of it killed at will."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.agents import OwnAgent
from benchmarks.chaos.gateway.stage import UNLIMITED, Process, Stage, System
from benchmarks.chaos.postgresql import Server, serving
from benchmarks.chaos.rabbitmq import Broker, brokering
from launcher.development import CannotRun
from launcher.local import free_ports
from launcher.plan import ROOT

# What is killed besides instances.
DATABASE, AGENT, BROKER = "database", "agent", "broker"
_GATEWAY = "gateway"
_TRIES = 3


class Shop:
    """Instances by their names, like ``orders-2``, with the databases and the agent that they have."""

    def __init__(
        self, system: System, server: Server, agent: OwnAgent, kept: Sequence[str], broker: Broker | None
    ) -> None:
        self.system = system
        self.broker = broker
        self._kept = kept
        self.server = server
        self.agent = agent
        self._variables: dict[str, Mapping[str, str]] = {}
        self._running: dict[str, Process] = {}

    @property
    def up(self) -> Sequence[str]:
        """The names of the instances that run now."""
        return sorted(self._running)

    def process(self, name: str) -> Process:
        """An instance that runs."""
        return self._running[name]

    @property
    def gateway(self) -> str:
        """Where customers ask."""
        return f"http://127.0.0.1:{self._variables[f'{_GATEWAY}-1']['MESH_PORT']}"

    async def add(self, name: str, **variables: str) -> Process:
        """Start an instance that was not there before."""
        service = name.rpartition("-")[0]
        data = {"DATABASE_URL": self.server.of(service)} if service in self._kept else {}
        own = UNLIMITED if service == _GATEWAY else {}
        events = {"BROKER_URL": self.broker.url} if self.broker else {}
        self._variables[name] = {**data, **own, **events, **variables, "MESH_PORT": str(free_ports(1)[0])}
        return await self.start(name)

    async def start(self, name: str) -> Process:
        """Start an instance where it was, as whoever supervises it does, and wait until it is ready.

        Raises:
            CannotRun: when it is not, several times.
        """
        for tried in range(1, _TRIES + 1):
            try:
                self._running[name] = await self.system.start(name, root=ROOT, **self._variables[name])
                break
            except CannotRun:
                if tried == _TRIES:
                    raise
        return self._running[name]

    async def kill(self, name: str) -> None:
        """End an instance, the database, the agent or the broker by SIGKILL."""
        if name == DATABASE:
            await self.server.kill()
        elif name == AGENT:
            await self.agent.kill()
        elif name == BROKER and self.broker:
            await asyncio.to_thread(self.broker.kill)
        else:
            await self._running.pop(name).kill()

    async def leave(self, name: str) -> None:
        """Let an instance end as an operator does, and wait for it."""
        await self._running.pop(name).leave()

    async def bring_back(self, name: str) -> None:
        """Start what was killed."""
        if name == DATABASE:
            await self.server.start()
        elif name == AGENT:
            await self.agent.start()
        elif name == BROKER and self.broker:
            await asyncio.to_thread(self.broker.start)
        else:
            await self.start(name)


@asynccontextmanager
async def opened(stage: Stage, services: Sequence[str], *, by_broker: bool = False) -> AsyncIterator[Shop]:
    """A shop in which nothing runs but the database, with a place in it for each of *services*, and the agent.

    With *by_broker* there is a RabbitMQ, and events go by that.
    """
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="shop-")))
        server = await stack.enter_async_context(serving(stage.clock))
        agent = await stack.enter_async_context(OwnAgent(stage.choice, folder, stage.clock))
        broker = await stack.enter_async_context(brokering()) if by_broker else None
        shop = Shop(System(folder, agent.url, stage.clock, stack), server, agent, services, broker)
        await server.ask("postgres", *(f'CREATE DATABASE "{service}"' for service in services))
        yield shop
