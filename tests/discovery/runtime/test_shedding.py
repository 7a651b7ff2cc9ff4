"""A server at the edge whose event loop cannot keep up refuses what comes, until it can."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from discovery import wire
from discovery.clock import SystemClock
from discovery.policy.lateness import LEAST
from discovery.testing.registry import FakeRegistry
from tests.discovery.runtime.support import Up, an_app, up

BEHIND = [0.5] * 4
CAUGHT_UP = [0.0]


class LateClock(SystemClock):
    """Lets what follows the event loop wake when a test says so, and as late as it says."""

    def __init__(self) -> None:
        self._ahead_s = 0.0
        self._ticks: asyncio.Queue[float] = asyncio.Queue()
        self._waking = False

    def now(self) -> float:
        return super().now() + self._ahead_s

    async def sleep(self, seconds: float, /) -> None:
        task = asyncio.current_task()
        if task is None or task.get_name() != "shedding":
            return await super().sleep(seconds)
        if self._waking:
            self._ticks.task_done()
        self._ahead_s += seconds + await self._ticks.get()
        self._waking = True
        return None

    async def tick(self, lates: list[float]) -> None:
        """Wake it once for each, so many seconds too late."""
        for late_s in lates:
            self._ticks.put_nowait(late_s)
        await self._ticks.join()


async def quick(request: web.Request) -> web.Response:
    return web.Response()


@asynccontextmanager
async def crowded(registry: FakeRegistry, clock: LateClock, count: int, *, edge: bool = True) -> AsyncIterator[Up]:
    """A server that has so many requests under way while the block lasts."""
    begun, over = asyncio.Semaphore(0), asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        begun.release()
        await over.wait()
        return web.Response()

    async with up(an_app(quick=quick, slow=slow), registry, clock=clock, edge=edge) as one:

        async def ask() -> int:
            async with one.get("/slow") as response:
                return response.status

        async with asyncio.TaskGroup() as group:
            asking = [group.create_task(ask()) for _ in range(count)]
            for _ in asking:
                await begun.acquire()
            yield one
            over.set()
        # What is under way is finished, however late.
        assert {task.result() for task in asking} <= {200}


async def status(one: Up, path: str = "/quick") -> tuple[int, str | None]:
    async with one.get(path) as response:
        assert wire.NACK not in response.headers
        return response.status, response.headers.get("Retry-After")


async def test_what_comes_is_refused_while_it_is_behind_and_the_log_says_so_once(
    registry: FakeRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="discovery.runtime.shedding")
    clock = LateClock()
    async with crowded(registry, clock, LEAST) as one:
        assert await status(one) == (200, None)
        await clock.tick(BEHIND)
        assert [await status(one), await status(one)] == [(503, "1"), (503, "1")]
        assert (await status(one, wire.READY_PATH))[0] == 200
        await clock.tick(CAUGHT_UP)
        assert await status(one) == (200, None)
    began, ended = [record.getMessage() for record in caplog.records if record.name == "discovery.runtime.shedding"]
    assert began.startswith("more is asked for than this process can do")
    assert ended == "this process keeps up again, and has refused 2 requests"


async def test_a_slow_machine_with_little_to_do_refuses_nobody(registry: FakeRegistry) -> None:
    clock = LateClock()
    async with crowded(registry, clock, LEAST - 1) as one:
        await clock.tick(BEHIND)
        assert await status(one) == (200, None)


async def test_in_the_mesh_where_each_request_has_a_deadline_nobody_is_refused_for_it(registry: FakeRegistry) -> None:
    clock = LateClock()
    async with crowded(registry, clock, LEAST, edge=False) as one:
        async with one.get("/quick") as response:
            assert response.status == 200
        assert "shedding" not in {task.get_name() for task in asyncio.all_tasks()}
