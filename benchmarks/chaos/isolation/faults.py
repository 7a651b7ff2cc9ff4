"""How a service is down: every instance of it, in one of three ways, until it is well again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Self

import aiohttp

from benchmarks.chaos.gateway.stage import Process, System
from launcher.local import free_ports
from launcher.plan import ROOT


class Shop:
    """The services of the shop, an instance each, until the block is left. *variables* is what each is told."""

    def __init__(self, system: System, variables: Mapping[str, Mapping[str, str]]) -> None:
        self.system = system
        self._variables = variables
        self._running: dict[str, Process] = {}

    @property
    def gateway(self) -> Process:
        """Where people come in."""
        return self._running["gateway"]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.gather(*(process.leave() for process in self._running.values()))

    async def start(self, *services: str) -> None:
        """Start these, side by side; one that ran before, where it was.

        Raises:
            CannotRun: when one of them ended, or was not ready in time.
        """
        ports = dict(zip(services, free_ports(len(services)), strict=True))
        ports |= {service: process.port for service, process in self._running.items()}
        starting = (self._start(service, ports[service]) for service in services)
        for problem in await asyncio.gather(*starting, return_exceptions=True):
            if problem is not None:
                raise problem

    async def _start(self, service: str, port: int) -> None:
        told = {**self._variables.get(service, {}), "MESH_FAULTS": "on", "AUTH_ISSUER": "http://accounts"}
        self._running[service] = await self.system.start(f"{service}-1", root=ROOT, **told, MESH_PORT=str(port))

    @asynccontextmanager
    async def killed(self, service: str) -> AsyncIterator[None]:
        """By SIGKILL; it is started again where it was."""
        await self._running[service].kill()
        yield
        await self.start(service)

    @asynccontextmanager
    async def frozen(self, service: str) -> AsyncIterator[None]:
        """By SIGSTOP: it takes connections, and answers nothing."""
        pid = self._running[service].child.pid
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    @asynccontextmanager
    async def failing(self, service: str) -> AsyncIterator[None]:
        """Answering 500 to whatever it is asked, but for its health."""
        fault = f"{self.system.consul_url}/v1/kv/mesh/{service}/fault"
        async with aiohttp.ClientSession(raise_for_status=True) as session:
            async with session.put(fault, data=json.dumps({"status": 500})):
                pass
            try:
                yield
            finally:
                async with session.delete(fault):
                    pass


Down = Callable[[Shop, str], AbstractAsyncContextManager[None]]
FAULTS: Mapping[str, Down] = {"killed": Shop.killed, "frozen": Shop.frozen, "answers 500": Shop.failing}
