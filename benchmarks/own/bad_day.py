"""Consul is ended and begins anew: 100 services followed, on a real agent where there is one; a start by a snapshot.

Calls go on meanwhile, and it is started again where it was, with nothing in it. What starts without Consul is another
mesh of the same process: what Python takes to start is another figure.
"""

from __future__ import annotations

import asyncio
import os
from bisect import bisect_left
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from aiohttp import web

import discovery
from discovery.clock import SystemClock
from discovery.devagent import Devagent
from discovery.observer import Event, EventsOnly, Registered, WatchFailed
from discovery.registry.consul_registry import ConsulRegistry
from discovery.registry.port import Answer
from discovery.testing.consul import find_consul, running_consul
from launcher.development import CannotRun, Row
from launcher.local import free_ports

_AWAY_S, _QUICK_AWAY_S = 60.0, 10.0
_SERVICES = [f"followed-{number}" for number in range(100)]
_BACK_S, _FIRST_CALL_S, _MOST_PER_S = 5.0, 2.0, 60
_CALL_EVERY_S, _LOOK_EVERY_S = 0.05, 0.01
# What takes longer has missed every goal.
_PATIENCE_S = 60.0


class _Told(EventsOnly):
    """Remembers when something happened."""

    def __init__(self, clock: SystemClock) -> None:
        super().__init__()
        self._clock = clock
        self.registered: list[float] = []
        self.failed: set[str] = set()

    def notify(self, event: Event, /) -> None:
        if isinstance(event, Registered):
            self.registered.append(self._clock.now())
        elif isinstance(event, WatchFailed):
            self.failed.add(event.what)


class _Counted(ConsulRegistry):
    """Writes down when a service is read, of which there are nearly all requests."""

    def __init__(self, config: discovery.MeshConfig, clock: SystemClock) -> None:
        super().__init__(config)
        self._clock = clock
        self.asked: list[float] = []

    async def instances(
        self, target: discovery.Target, *, index: int = 0, wait_s: float = 0.0, consistent: bool = False
    ) -> Answer:
        self.asked.append(self._clock.now())
        return await super().instances(target, index=index, wait_s=wait_s, consistent=consistent)

    def most_in_a_second(self, since: float) -> int:
        asked = [at for at in self.asked if at >= since]
        return max((bisect_left(asked, at + 1) - number for number, at in enumerate(asked)), default=0)


class _Agent:
    """One that can be ended, and started again where it was."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._program = find_consul(os.environ)
        self._ports = dict(zip(("http", "server", "serf_lan", "serf_wan"), free_ports(4), strict=True)) | {"dns": -1}
        self._real = ExitStack()
        self._embedded = AsyncExitStack()

    @property
    def name(self) -> str:
        return "embedded" if self._program is None else "real"

    async def start(self) -> str:
        if self._program is None:
            return (await self._embedded.enter_async_context(Devagent(port=self._ports["http"]))).url
        agent = running_consul(self._program, self._folder, {"ports": self._ports})
        return await asyncio.to_thread(self._real.enter_context, agent)

    async def end(self) -> None:
        await self._embedded.aclose()
        await asyncio.to_thread(self._real.close)


async def rows(*, quick: bool) -> Sequence[Row]:
    """Measure the return, and what a process can do that starts before it."""
    away_s = _QUICK_AWAY_S if quick else _AWAY_S
    with TemporaryDirectory() as folder:
        agent = _Agent(Path(folder))
        try:
            return await _day(agent, Path(folder) / "views", away_s)
        except TimeoutError:
            raise CannotRun(f"something took more than {_PATIENCE_S:.0f} s") from None
        finally:
            await agent.end()


async def _day(agent: _Agent, views: Path, away_s: float) -> list[Row]:
    clock, calls = SystemClock(), _Calls()
    told = _Told(clock)
    config = discovery.MeshConfig(
        name="bench", consul_url=await agent.start(), snapshot=str(views), drain_s=0.0, max_services=200
    )
    registry = _Counted(config, clock)
    around = discovery.Surroundings(observer=told)
    app = web.Application()
    app.router.add_get("/", _hello)
    async with discovery.serving(app, config, registry=registry, around=around) as server, AsyncExitStack() as held:
        mesh = server.mesh
        for service in _SERVICES:  # which are empty, and would be given up after a minute
            held.enter_context(mesh.directory(service))
        await _until(lambda: bool(told.registered) and all(map(mesh.view, _SERVICES)))
        await _until(lambda: bool((view := mesh.view("bench")) and view.instances) and any(views.glob("*.view")))
        calling = asyncio.create_task(calls.go_on(mesh))
        try:
            await agent.end()
            await _until(lambda: len(told.failed) >= len(_SERVICES))
            first_call_s = await _first_call_s(config)
            gone = clock.now()
            await clock.sleep(away_s)
            asked = len([at for at in registry.asked if at >= gone]) / away_s
            before = len(told.registered)
            await agent.start()
            returned = clock.now()  # it may have answered us before it answered whoever started it
            await _until(lambda: len(told.registered) > before)
            await _until(lambda: all(view and view.as_of >= returned for view in map(mesh.view, _SERVICES)))
            fresh_s = clock.now() - returned
            await clock.sleep(2 * _BACK_S)
        finally:
            calling.cancel()
            await asyncio.wait([calling])
    registered_s = told.registered[before] - returned
    who = f"{agent.name} Consul away for {away_s:.0f} s"
    return [
        _most(f"{who}: a process asks it meanwhile, 100 services followed", round(asked, 2), "1/s", 2),
        _most(f"{who}, then back: all views fresh after", round(fresh_s, 2), "s", _BACK_S),
        _most(f"{who}, then back: registered after", round(max(registered_s, 0.0), 2), "s", _BACK_S),
        _most(f"{who}, then back: most reads in any second", registry.most_in_a_second(returned), "", _MOST_PER_S),
        _most(f"{who}, then back: calls failed of {calls.made}", calls.failed, "", 0),
        _most(f"{agent.name} Consul away: first call of who starts by a snapshot", first_call_s, "s", _FIRST_CALL_S),
    ]


class _Calls:
    def __init__(self) -> None:
        self.made = self.failed = 0

    async def go_on(self, mesh: discovery.Mesh) -> None:
        """Call until cancelled."""
        clock = SystemClock()
        while True:
            self.made += 1
            try:
                async with mesh.get("http://bench/") as response:
                    self.failed += response.status != 200
            except discovery.CallError:
                self.failed += 1
            await clock.sleep(_CALL_EVERY_S)


async def _first_call_s(config: discovery.MeshConfig) -> float:
    clock = SystemClock()
    began = clock.now()
    async with discovery.Mesh(config) as mesh, mesh.get("http://bench/") as response:
        await response.read()
        return round(clock.now() - began, 3)


async def _hello(_: web.Request) -> web.Response:
    return web.Response(text="hello")


async def _until(seen: Callable[[], bool]) -> None:
    clock = SystemClock()
    async with clock.timeout(_PATIENCE_S):
        while not seen():
            await clock.sleep(_LOOK_EVERY_S)


def _most(what: str, value: float, unit: str, goal: float) -> Row:
    return Row(what, value, unit, f"<= {goal:g} {unit}".rstrip(), value <= goal)
