"""What a call through the mesh costs, beside the same request by a plain aiohttp session.

Both go to one server in a process of its own, over kept connections. Rounds of the two take turns within one run,
since a machine is never equally busy twice; the ratio is the median of the rounds' ratios.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web

from discovery import Mesh, MeshConfig
from discovery.clock import Clock, SystemClock
from launcher.development import Report, Row

CONCURRENT = 16
_REQUESTS, _QUICK_REQUESTS = 2000, 500
_ROUNDS, _QUICK_ROUNDS = 11, 5

Get = Callable[[], Awaitable[None]]


def run(*, quick: bool) -> Report:
    """Measure."""
    requests, rounds = (_QUICK_REQUESTS, _QUICK_ROUNDS) if quick else (_REQUESTS, _ROUNDS)
    rows = asyncio.run(_rows(requests, rounds, SystemClock()))
    load = f"{CONCURRENT} at a time, {requests} requests a round, median of {rounds} rounds that take turns"
    return Report(name="calls", rows=rows, load=load)


async def _rows(requests: int, rounds: int, clock: Clock) -> list[Row]:
    async with _server() as address:
        config = MeshConfig(name="bench", static={"echo": (address,)})
        url = f"http://{address}/"
        async with Mesh(config) as mesh, aiohttp.ClientSession() as session:

            async def by_mesh() -> None:
                async with mesh.get("http://echo/") as response:
                    await response.read()

            async def plain() -> None:
                async with session.get(url) as response:
                    await response.read()

            for get in (plain, by_mesh):
                await _rate(get, requests, clock)
            pairs = [
                (await _rate(plain, requests, clock), await _rate(by_mesh, requests, clock)) for _ in range(rounds)
            ]
    ratios = [mesh_rate / plain_rate for plain_rate, mesh_rate in pairs]
    return [
        Row("session.get", round(statistics.median(pair[0] for pair in pairs)), "requests/s"),
        Row("mesh.get", round(statistics.median(pair[1] for pair in pairs)), "requests/s"),
        # Not yet a gate: the first thing to know is how far it is.
        Row("mesh.get to session.get", round(statistics.median(ratios), 3), "", ">= 0.95 later"),
    ]


async def _rate(get: Get, requests: int, clock: Clock) -> float:
    async def client() -> None:
        for _ in range(requests // CONCURRENT):
            await get()

    began = clock.now()
    async with asyncio.TaskGroup() as group:
        for _ in range(CONCURRENT):
            group.create_task(client())
    return requests // CONCURRENT * CONCURRENT / (clock.now() - began)


@asynccontextmanager
async def _server() -> AsyncIterator[str]:
    """The server, in another process; yields its address."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from benchmarks.calls import serve; serve()", stdout=asyncio.subprocess.PIPE
    )
    try:
        line = await process.stdout.readline() if process.stdout else b""
        yield line.decode().strip()
    finally:
        process.kill()
        await process.wait()


def serve() -> None:
    """Answer every request with a few bytes; says where, then serves until it is killed."""

    async def forever() -> None:
        app = web.Application()
        app.router.add_get("/", _answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        print(f"127.0.0.1:{site.port}", flush=True)  # noqa: T201 - whoever started us reads it
        await asyncio.Event().wait()

    asyncio.run(forever())


async def _answer(request: web.Request) -> web.Response:
    return web.json_response({"laptop": 1})
