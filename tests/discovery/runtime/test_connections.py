"""How many connections a server holds, and what it says to those beyond."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from aiohttp import web

from discovery.config import MeshConfig
from discovery.runtime.server import Server, serving
from discovery.testing.registry import FakeRegistry

ASKED = b"GET /ok HTTP/1.1\r\nHost: a\r\n\r\n"
SERVED, FULL = b"HTTP/1.1 200 OK", b"HTTP/1.1 503 Service Unavailable"


async def ok(_: web.Request) -> web.Response:
    return web.Response()


@asynccontextmanager
async def connected(server: Server, address: str = "127.0.0.1") -> AsyncIterator[bytes]:
    """One connection from *address*, and the first line of what is said on it."""
    reader, writer = await asyncio.open_connection(server.instance.host, server.instance.port, local_addr=(address, 0))
    try:
        writer.write(ASKED)
        async with asyncio.timeout(10):
            yield (await reader.readline()).strip()
    finally:
        writer.close()


async def test_one_address_holds_half_of_the_connections(registry: FakeRegistry) -> None:
    app = web.Application()
    app.router.add_get("/ok", ok)
    config = MeshConfig(name="ports", drain_s=0, max_connections=6)
    async with serving(app, config, registry=registry) as server:
        async with AsyncExitStack() as held:
            for _ in range(3):
                assert await held.enter_async_context(connected(server, "127.0.0.2")) == SERVED
            async with connected(server, "127.0.0.2") as said:
                assert said == FULL
            # A server may ask itself whether it can be reached, and holds that connection.
            others = [await held.enter_async_context(connected(server, f"127.0.0.{last}")) for last in range(3, 9)]
            assert set(others) == {SERVED, FULL}
            assert others.count(SERVED) <= 3
        async with asyncio.timeout(10):
            while await _said(server) != SERVED:
                pass  # those who left are forgotten when the server sees that they did


async def _said(server: Server) -> bytes:
    async with connected(server, "127.0.0.2") as said:
        return said


async def test_any_number_is_held_where_nobody_says_another(registry: FakeRegistry) -> None:
    app = web.Application()
    app.router.add_get("/ok", ok)
    async with serving(app, MeshConfig(name="ports", drain_s=0), registry=registry) as server, AsyncExitStack() as held:
        for _ in range(50):
            assert await held.enter_async_context(connected(server)) == SERVED
