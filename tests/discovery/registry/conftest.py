"""The two clients that there are: what holds for how Consul is reached holds for both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from discovery.cli.consul import Consul
from discovery.config import MeshConfig
from discovery.registry.consul_registry import ConsulRegistry

Ask = Callable[[MeshConfig], Awaitable[object]]


async def by_the_library(config: MeshConfig) -> object:
    async with ConsulRegistry(config) as registry:
        return (await registry.names()).services


async def by_a_command(config: MeshConfig) -> object:
    def names() -> object:
        with Consul(config) as consul:
            return consul.names()[0].services

    return await asyncio.to_thread(names)


@pytest.fixture(params=[by_the_library, by_a_command])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Both clients, one after the other."""
    client: Ask = request.param
    return client


Handler = Callable[[web.Request], web.StreamResponse]


@asynccontextmanager
async def agent(handler: Handler, path: str = "") -> AsyncIterator[str]:
    """Somebody who answers like an agent, at a port or at the socket *path*."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return handler(request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await (web.UnixSite(runner, path) if path else web.TCPSite(runner, "127.0.0.1", 0)).start()
        yield f"unix://{path}" if path else f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def no_services(request: web.Request) -> web.Response:
    """Consul's answer when it is asked for the names."""
    return web.json_response({}, headers={"X-Consul-Index": "7"})
