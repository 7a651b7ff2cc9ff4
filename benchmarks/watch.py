"""How soon 20 watchers see a change in Consul, beside one raw blocking read.

Each watcher is a mesh of its own with its own connections. A change is a registration with another version; its
time runs from the moment it is sent until a watcher hands out the view that has it. Changes come a little slower
than one a second: faster ones meet the watch's token bucket, which is there to slow them down.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import NoReturn

import aiohttp

from benchmarks.agents import choices, running, version_of
from discovery import Mesh, MeshConfig
from discovery.clock import Clock, SystemClock
from launcher.development import Report, Row
from launcher.load import quantile
from launcher.local import Choice

WATCHERS = 20
_CHANGES, _QUICK_CHANGES = 40, 10
_EVERY_S = 1.2
# A change that takes longer counts as this long.
_LOST_S = 5.0
_SERVICE = "bench"
_GOALS_MS = {50: 25.0, 99: 150.0}


def run(*, quick: bool) -> Report:
    """Measure on the embedded agent, and on a real one where it is."""
    changes = _QUICK_CHANGES if quick else _CHANGES
    agents = choices()
    rows = [row for name, choice in agents.items() for row in asyncio.run(_rows(name, choice, changes))]
    versions = {"consul": version_of(agents["real"])} if "real" in agents else {}
    load = f"{WATCHERS} watchers, {changes} changes, one every {_EVERY_S} s"
    return Report(name="watch", rows=rows, load=load, versions=versions)


async def _rows(name: str, choice: Choice, changes: int) -> list[Row]:
    clock = SystemClock()
    watchers, raw = Sightings(clock), Sightings(clock)
    async with AsyncExitStack() as stack:
        agent = await stack.enter_async_context(running(choice, clock))
        session = await stack.enter_async_context(aiohttp.ClientSession(agent.url))
        await _change(session, 0)
        meshes = [Mesh(MeshConfig(name="bench", consul_url=agent.url)) for _ in range(WATCHERS)]
        for mesh in meshes:
            await stack.enter_async_context(mesh)
        following = [asyncio.create_task(_follow(mesh, watchers)) for mesh in meshes]
        following.append(asyncio.create_task(_read(session, raw)))
        try:
            for number in range(changes + 1):
                await clock.sleep(_EVERY_S)
                began = clock.now()
                await _change(session, number)
                await watchers.told(number, began, WATCHERS)
                await raw.told(number, began, 1)
        finally:
            for task in following:
                task.cancel()
            await asyncio.wait(following)
    return [*_shares(f"{name}: a watcher sees it", watchers, _GOALS_MS), *_shares(f"{name}: a raw read", raw, {})]


def _shares(what: str, sightings: Sightings, goals_ms: Mapping[int, float]) -> list[Row]:
    rows = []
    for percent in (50, 99):
        value, goal = round(quantile(sightings.took_s, percent / 100) * 1000, 1), goals_ms.get(percent)
        reach = "" if goal is None else f"<= {goal:g} ms"
        rows.append(Row(f"{what}, p{percent}", value, "ms", reach, goal is None or value <= goal))
    return rows


class Sightings:
    """Who saw which change, and how long after it was made. The first change, number 0, only warms up."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._moments: defaultdict[int, list[float]] = defaultdict(list)
        self._news = asyncio.Event()
        self.took_s: list[float] = []

    def see(self, version: str) -> None:
        """Note that somebody sees this version now."""
        self._moments[int(version)].append(self._clock.now())
        self._news.set()

    async def told(self, number: int, began: float, by: int) -> None:
        """Wait until so many have seen the change; who has not, in time, counts with all of that time."""
        try:
            async with self._clock.timeout(_LOST_S):
                while len(self._moments[number]) < by:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            self._moments[number] += [began + _LOST_S] * (by - len(self._moments[number]))
        if number:
            self.took_s += [moment - began for moment in self._moments[number]]


async def _follow(mesh: Mesh, sightings: Sightings) -> None:
    async for view in mesh.watch(_SERVICE):
        if view.instances:
            sightings.see(view.instances[0].version)


async def _read(session: aiohttp.ClientSession, sightings: Sightings) -> NoReturn:
    index, last = "0", ""
    while True:
        async with session.get(f"/v1/health/service/{_SERVICE}", params={"index": index, "wait": "55s"}) as response:
            index, content = response.headers["X-Consul-Index"], await response.json()
        version = content[0]["Service"]["Meta"]["version"]
        if version != last:
            last = version
            sightings.see(version)


async def _change(session: aiohttp.ClientSession, number: int) -> None:
    entry = {"Name": _SERVICE, "ID": _SERVICE, "Address": "127.0.0.1", "Port": 1, "Meta": {"version": str(number)}}
    async with session.put("/v1/agent/service/register", json=entry) as response:
        response.raise_for_status()
