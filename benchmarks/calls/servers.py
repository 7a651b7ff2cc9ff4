"""The servers that are called, each a process: ``python -m benchmarks.calls.servers KIND LOOP``.

Each says where it is, and serves until it is killed.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from aiohttp import web

import observability
from benchmarks.calls.load import ANSWER_BYTES
from benchmarks.calls.loop import runner
from discovery import MeshConfig, StaticRegistry
from discovery.runtime.server import Observe, serving

_ANSWER = b"y" * ANSWER_BYTES
_LOOPBACK = "127.0.0.1"


@asynccontextmanager
async def raw() -> AsyncIterator[str]:
    """The server of aiohttp without routes: as little as it can be, since clients are measured against it."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        if request.can_read_body:
            await request.read()
        return web.Response(body=_ANSWER)

    server = web.ServerRunner(web.Server(answer, access_log=None))
    await server.setup()
    site = web.TCPSite(server, _LOOPBACK, 0)
    await site.start()
    yield f"{_LOOPBACK}:{site.port}"
    await server.cleanup()


@asynccontextmanager
async def collector() -> AsyncIterator[str]:
    """Takes telemetry and forgets it."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        await request.read()
        return web.Response(body=b"", content_type="application/x-protobuf")

    server = web.ServerRunner(web.Server(answer, access_log=None))
    await server.setup()
    site = web.TCPSite(server, _LOOPBACK, 0)
    await site.start()
    yield f"{_LOOPBACK}:{site.port}"
    await server.cleanup()


def application() -> web.Application:
    """A service with one route for each method."""

    async def answer(request: web.Request) -> web.Response:
        if request.can_read_body:
            await request.read()
        return web.Response(body=_ANSWER)

    app = web.Application()
    app.router.add_get("/items/{number}", answer)
    app.router.add_post("/items/{number}", answer)
    return app


@asynccontextmanager
async def bare() -> AsyncIterator[str]:
    """The service as aiohttp serves it."""
    server = web.AppRunner(application(), access_log=None)
    await server.setup()
    site = web.TCPSite(server, _LOOPBACK, 0)
    await site.start()
    yield f"{_LOOPBACK}:{site.port}"
    await server.cleanup()


@asynccontextmanager
async def member(observe: Observe | None = None) -> AsyncIterator[str]:
    """The service as a member of a mesh."""
    config = MeshConfig(name="items", host=_LOOPBACK)
    async with serving(application(), config, registry=StaticRegistry({}), observe=observe) as server:
        yield server.instance.address


def observed() -> AbstractAsyncContextManager[str]:
    """Likewise, with traces and metrics as the environment says."""
    return member(observability.observer)


SERVERS: Mapping[str, Callable[[], AbstractAsyncContextManager[str]]] = {
    "raw": raw,
    "collector": collector,
    "bare": bare,
    "member": member,
    "observed": observed,
}


def main() -> None:
    """Serve."""
    kind, loop = sys.argv[1:3]

    async def forever() -> None:
        async with SERVERS[kind]() as address:
            print(address, flush=True)  # noqa: T201 - whoever started us reads it
            await asyncio.Event().wait()

    with runner(loop) as started:
        started.run(forever())


if __name__ == "__main__":
    main()
