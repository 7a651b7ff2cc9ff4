"""The servers that are called: plain aiohttp, members of a mesh, a proxy, and a collector of telemetry."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from aiohttp import web

import observability
from benchmarks.calls.load import ANSWER_BYTES
from benchmarks.calls.proxy import proxy
from benchmarks.calls.telemetry import counted
from discovery import MeshConfig, Observe, StaticRegistry, serving

_ANSWER = b"y" * ANSWER_BYTES
_LOOPBACK = "127.0.0.1"

# Opened with the address of whoever is behind it, if somebody is.
Server = Callable[[str], AbstractAsyncContextManager[str]]


@asynccontextmanager
async def listening(server: web.ServerRunner | web.AppRunner) -> AsyncIterator[str]:
    """Serve at any port; yields the address."""
    await server.setup()
    try:
        site = web.TCPSite(server, _LOOPBACK, 0)
        await site.start()
        yield f"{_LOOPBACK}:{site.port}"
    finally:
        await server.cleanup()


def raw(_: str) -> AbstractAsyncContextManager[str]:
    """The server of aiohttp without routes: as little as it can be, since clients are measured against it."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        if request.can_read_body:
            await request.read()
        return web.Response(body=_ANSWER)

    return listening(web.ServerRunner(web.Server(answer, access_log=None)))


def collector(_: str) -> AbstractAsyncContextManager[str]:
    """Takes telemetry and forgets it; a GET is told how many spans came, by scope."""
    spans: Counter[str] = Counter()

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        if request.method == "GET":
            return web.json_response(spans)
        body = await request.read()
        if request.path == "/v1/traces":
            spans.update(counted(body))
        return web.Response(body=b"", content_type="application/x-protobuf")

    return listening(web.ServerRunner(web.Server(answer, access_log=None)))


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


def bare(_: str) -> AbstractAsyncContextManager[str]:
    """The service as aiohttp serves it."""
    return listening(web.AppRunner(application(), access_log=None))


@asynccontextmanager
async def member(_: str, observe: Observe | None = None) -> AsyncIterator[str]:
    """The service as a member of a mesh."""
    config = MeshConfig(name="items", host=_LOOPBACK)
    async with serving(application(), config, registry=StaticRegistry({}), observe=observe) as server:
        yield server.instance.address


def observed(_: str) -> AbstractAsyncContextManager[str]:
    """Likewise, with traces and metrics as the environment says."""
    return member("", observability.observer)


@asynccontextmanager
async def thirty_lines(upstream: str) -> AsyncIterator[str]:
    """The reverse proxy that the gateway is compared with."""
    async with proxy(upstream) as app, listening(web.AppRunner(app, access_log=None)) as address:
        yield address


SERVERS: Mapping[str, Server] = {
    "raw": raw,
    "collector": collector,
    "bare": bare,
    "member": member,
    "observed": observed,
    "proxy": thirty_lines,
}
