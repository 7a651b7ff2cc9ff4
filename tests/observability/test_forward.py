from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from observability.forward import QUEUED, Forward


async def test_what_a_slow_collector_has_no_time_for_is_dropped_and_told_rarely(
    caplog: pytest.LogCaptureFixture,
) -> None:
    arrived, never = asyncio.Event(), asyncio.Event()

    async def dawdle(request: web.Request) -> web.Response:
        arrived.set()
        await never.wait()
        return web.Response()

    app = web.Application()
    app.router.add_post("/v1/traces", dawdle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    async with Forward(f"http://127.0.0.1:{runner.addresses[0][1]}/") as forward:
        forward.offer("/v1/traces", "", b"first")
        await arrived.wait()
        for _ in range(QUEUED + 9):
            forward.offer("/v1/traces", "", b"more")
        assert forward.lost == 9
    never.set()
    await runner.cleanup()
    assert len(caplog.records) == 4
    assert caplog.records[-1].getMessage() == "8 batches did not reach the next collector: it is too slow"
