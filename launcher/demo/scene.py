"""What the steps of the demonstration act upon: the running system, the way into it, and the traces it makes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp

from discovery.clock import Clock
from discovery.errors import RegistryError
from launcher.demo.failures import StepFailed
from launcher.demo.login import Login
from launcher.demo.traces import Traces
from launcher.local import Running, System
from observability import Span, semconv, trace_tree

_POLL_S = 0.05
# At a hundred requests a second about a second's, and less than what one mood of a balancer lasts.
_LATEST = 100
# A busy machine may be slow with what it does for the first time.
_PATIENCE_S = 15.0
_AGAIN_S = 0.3


@dataclass(frozen=True, slots=True)
class Scene:
    """The system while it runs. ``gateway`` is an HTTP client of its gateway, ``login`` who may write there; ``say``
    tells what is being done.
    """

    system: System
    gateway: aiohttp.ClientSession
    login: Login
    traces: Traces
    clock: Clock
    say: Callable[[str], None]

    async def add(self, service: str, record: dict[str, Any]) -> dict[str, Any]:
        """Add a record through the gateway, as staff."""
        headers = await self.login.headers()
        async with self.gateway.post(f"/api/{service}", json=record, headers=headers) as response:
            if response.status != 201:
                raise StepFailed(f"POST /api/{service} answered {response.status}: {await response.text()}")
            added: dict[str, Any] = await response.json()
            return added

    async def read_laptop(self, laptop: int) -> tuple[dict[str, Any], str, str]:
        """A laptop with its ports, what is wrong with the answer (``""``: nothing), and the id of its trace."""
        async with self.gateway.get(f"/api/laptops/{laptop}") as response:
            # By which the gateway names what was asked: it takes nobody's word for a trace.
            trace_id = response.headers.get("X-Request-Id", "")
            if response.status != 200:
                return {}, f"status {response.status}", trace_id
            content: dict[str, Any] = await response.json()
            return content, "" if content["ports"] else "ports missing", trace_id

    async def patiently(
        self, problem: Callable[[], Awaitable[str]], within_s: float = _PATIENCE_S, every_s: float = _AGAIN_S
    ) -> None:
        """Look again while there is a *problem*, for some seconds.

        Raises:
            StepFailed: when it stays.
        """
        deadline = self.clock.now() + within_s
        while found := await problem():
            if self.clock.now() > deadline:
                raise StepFailed(f"{found}, for {within_s:.0f} s")
            await self.clock.sleep(every_s)

    async def persistently(self, ask: Callable[[], Awaitable[None]]) -> None:
        """Ask something of Consul's agent, again where it does not answer in time, for some seconds."""
        deadline = self.clock.now() + _PATIENCE_S
        while True:
            try:
                return await ask()
            except (RegistryError, TimeoutError):
                if self.clock.now() > deadline:
                    raise
            await self.clock.sleep(_AGAIN_S)

    async def open(self, path: str) -> str:
        """A page of the shop.

        Raises:
            StepFailed: when it is not there.
        """
        async with self.gateway.get(path, headers={"Accept": "text/html"}) as response:
            if response.status != 200:
                raise StepFailed(f"the shop's page {path} answered {response.status}")
            return await response.text()

    async def busiest(self, service: str, latest: int = _LATEST) -> Running:
        """The healthy instance that got most of the *latest* calls: the balancer may spare another for a while.

        Raises:
            StepFailed: when for some seconds none is healthy, or no span tells of a call to one.
        """
        deadline = self.clock.now() + _PATIENCE_S
        while True:
            found = await self.system.instances()
            running = {each.id: each for each in found if each.service == service and each.passing}
            calls = Counter(
                instance
                for trace in await self.traces.latest(service, latest)
                for span in trace
                if (instance := span.attributes.get(semconv.MESH_INSTANCE_ID)) in running
            )
            if calls:
                return running[str(calls.most_common(1)[0][0])]
            if self.clock.now() > deadline:
                missing = f"no span tells of a call to {service}" if running else f"no instance of {service} is healthy"
                raise StepFailed(f"{missing}, for {_PATIENCE_S:.0f} s")
            await self.clock.sleep(_AGAIN_S)

    async def instance(self, name: str, until: Callable[[Running], bool], within_s: float) -> Running:
        """Wait until an instance is as *until* wants it.

        Raises:
            StepFailed: when it was not in time.
        """
        deadline = self.clock.now() + within_s
        while True:
            found = next(each for each in await self.system.instances() if each.name == name)
            if until(found):
                return found
            if self.clock.now() > deadline:
                raise StepFailed(f"{name} is {found.health} after {within_s:.0f} s")
            await self.clock.sleep(_POLL_S)


def is_whole(spans: tuple[Span, ...]) -> bool:
    """Whether a trace has arrived with all its parts: the gateway on top, and a server for each attempt."""
    nodes = trace_tree(spans)
    attempts = sum(node.attempt > 0 for node in nodes)
    servers = sum(node.kind == "server" for node in nodes)
    return servers == attempts + 1 and [node.service for node in nodes if node.depth == 0] == ["gateway"]
