"""What a server takes in, and how many may knock at a time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web

from discovery.errors import ConfigError
from discovery.testing.registry import FakeRegistry
from tests.discovery.runtime.support import Up, up


async def length(request: web.Request) -> web.Response:
    return web.Response(text=str(len(await request.read())))


def an_app(**arguments: Any) -> web.Application:
    app = web.Application(**arguments)
    app.router.add_route("*", "/{path:.*}", length)
    return app


async def status(one: Up, path: str = "/", **options: Any) -> int:
    async with one.session.post(f"http://{one.server.instance.address}{path}", **options) as response:
        return response.status


async def test_a_body_may_have_as_many_bytes_as_the_settings_say(registry: FakeRegistry) -> None:
    async with up(an_app(), registry, client_max_size=10) as one:
        assert [await status(one, data=b"x" * size) for size in (10, 11)] == [200, 413]
    async with up(an_app(client_max_size=10), registry, client_max_size=0) as one:
        assert await status(one, data=b"x" * 1_000_000) == 200, "0 is no bound"


async def test_without_a_setting_a_body_may_have_as_many_bytes_as_the_application_says(registry: FakeRegistry) -> None:
    async with up(an_app(client_max_size=10), registry) as one:
        assert [await status(one, data=b"x" * size) for size in (10, 11)] == [200, 413]


async def test_where_an_aiohttp_keeps_its_bound_elsewhere_the_setting_is_refused(
    registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("discovery.runtime.doorway._BODY_SIZE", "_another_name")
    with pytest.raises(ConfigError, match=r"^client_max_size cannot be set in aiohttp .*: say web.Application"):
        async with up(an_app(), registry, client_max_size=10):
            pytest.fail("it would take in more than it was told to")


async def test_the_first_line_and_each_header_may_have_as_many_bytes_as_the_settings_say(
    registry: FakeRegistry,
) -> None:
    async with up(an_app(), registry) as one:
        assert await status(one, "/" + "x" * 9000) == 400
        assert await status(one, headers={"X-Long": "x" * 9000}) == 400
    async with up(an_app(), registry, max_line_size=20_000, max_field_size=20_000) as one:
        assert await status(one, "/" + "x" * 9000) == 200
        assert await status(one, headers={"X-Long": "x" * 9000}) == 200
    async with up(an_app(handler_args={"max_line_size": 20_000}), registry) as one:
        assert await status(one, "/" + "x" * 9000) == 200, "where the settings say nothing, the application does"


async def test_as_many_connections_may_wait_as_the_settings_say(
    registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    loop = asyncio.get_running_loop()
    create = loop.create_server

    async def create_server(*arguments: Any, backlog: int, **more: Any) -> asyncio.Server:
        asked.append(backlog)
        return await create(*arguments, backlog=backlog, **more)

    monkeypatch.setattr(loop, "create_server", create_server)
    async with up(an_app(), registry, backlog=7), up(an_app(), registry):
        assert asked == [7, 512]


async def test_an_instance_is_registered_with_its_weights(registry: FakeRegistry) -> None:
    async with up(an_app(), registry, weight=10, warning_weight=0) as one:
        async for view in one.server.mesh.watch("ports"):
            if view.instances:
                assert [(each.weight, each.warning_weight) for each in view.instances] == [(10, 0)]
                break
