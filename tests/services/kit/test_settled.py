from __future__ import annotations

import gc

import pytest
from aiohttp import web

import discovery
from services.kit.main import main


async def test_the_garbage_collector_passes_over_what_is_there_before_the_first_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    served: list[web.Application] = []
    monkeypatch.setattr(discovery, "run", lambda app, config, observe: served.append(app))
    made: list[list[object]] = []

    async def opened(_: web.Application) -> None:
        made.append([])

    def build() -> web.Application:
        app = web.Application()
        app.on_startup.append(opened)
        return app

    main("ports", build, port=5001)
    runner = web.AppRunner(served[0])
    try:
        await runner.setup()

        assert all(thing is not made[0] for thing in gc.get_objects())
    finally:
        gc.unfreeze()
        await runner.cleanup()
