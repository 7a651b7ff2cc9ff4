"""One process that follows a large service: ``python -m benchmarks.calls.following URL VIEWS``.

It says, as JSON, for how long each new view held the event loop, what one instance takes of its memory, and what a
pick costs among so many. With VIEWS 0 it weighs, since what counts every object is no measure of time.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import tracemalloc
from random import Random

from discovery import Instance, Mesh, MeshConfig, Target, View
from discovery.clock import Clock, SystemClock
from discovery.runtime.directory import Directory
from discovery.runtime.settings import Settings
from discovery.runtime.surroundings import Surroundings

_PICKS = 20_000


async def weighed(mesh: Mesh) -> float:
    """The bytes that one instance takes, once the service is known."""
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    view = await anext(mesh.watch("items"))
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    return (after - before) / len(view.instances)


async def held_s(mesh: Mesh, count: int, clock: Clock) -> list[float]:
    """For how long the loop did nothing else, at most, before each of so many changes was there."""
    worst = 0.0

    async def ticking() -> None:
        nonlocal worst
        before = clock.now()
        while True:
            await clock.sleep(0)
            now = clock.now()
            worst, before = max(worst, now - before), now

    held: list[float] = []
    ticks = asyncio.create_task(ticking())
    views = mesh.watch("items")
    await anext(views)
    # What the first view leaves behind is not the price of a change.
    await clock.sleep(0.1)
    for _ in range(count):
        worst = 0.0
        await anext(views)
        await clock.sleep(0)
        held.append(worst)
    ticks.cancel()
    return held


def pick_us(count: int, clock: Clock) -> float:
    """What it costs to choose one of so many. All that this benchmark knows of a directory's inside is here."""
    around = Surroundings(clock=clock, rng=Random(7))
    directory = Directory(Target("items"), None, Settings(MeshConfig(name="bench")), around)
    instances = tuple(
        Instance(id=f"items-{number}", service="items", host=f"10.0.{number // 256}.{number % 256}", port=80)
        for number in range(count)
    )
    directory.replace(View(target=Target("items"), instances=instances, index=1, as_of=clock.now()))
    pick, now = directory.pick, clock.now()
    began = clock.now()
    for _ in range(_PICKS):
        pick(now)
    return (clock.now() - began) / _PICKS * 1e6


async def _told(url: str, count: int, clock: Clock) -> dict[str, object]:
    async with Mesh(MeshConfig(name="bench", consul_url=url, lookup_timeout_s=10.0)) as mesh:
        if not count:
            return {"bytes": await weighed(mesh)}
        held = await held_s(mesh, count, clock)
    return {"held_s": held, "pick_us": {each: [pick_us(each, clock) for _ in range(count)] for each in (10, 10_000)}}


if __name__ == "__main__":
    told = asyncio.run(_told(sys.argv[1], int(sys.argv[2]), SystemClock()))
    print(json.dumps(told), flush=True)  # noqa: T201 - whoever started us reads it
