"""Our doors, and plain aiohttp, as clients that send one request when they are told to."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext

import aiohttp

import observability
from discovery import Instance, Mesh, MeshConfig
from discovery.observer import NULL
from discovery.runtime.surroundings import Surroundings

# Sends a request with that method and body to that path, reads the answer, and returns its status.
Send = Callable[[str, str, bytes | None], Awaitable[int]]
# Opened with the address of the server.
Client = Callable[[str], AbstractAsyncContextManager[Send]]

_SERVICE = "http://echo"


def sends(by: aiohttp.ClientSession | Mesh, origin: str) -> Send:
    """Send by a session of aiohttp, or by a mesh, which is asked in the same way."""

    async def send(method: str, path: str, body: bytes | None) -> int:
        url = origin + path
        async with by.post(url, data=body) if method == "POST" else by.get(url) as response:
            await response.read()
            return response.status

    return send


@asynccontextmanager
async def plain(address: str) -> AsyncIterator[Send]:
    """An aiohttp session."""
    async with aiohttp.ClientSession() as session:
        yield sends(session, f"http://{address}")


@asynccontextmanager
async def bearing(address: str) -> AsyncIterator[Send]:
    """An aiohttp session that says who asks, by the token in ``BENCH_TOKEN``."""
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {os.environ['BENCH_TOKEN']}"}) as session:
        yield sends(session, f"http://{address}")


@asynccontextmanager
async def empty_middleware(address: str) -> AsyncIterator[Send]:
    """An aiohttp session with a middleware that does nothing."""

    async def nothing(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        return await handler(request)

    async with aiohttp.ClientSession(middlewares=[nothing]) as session:
        yield sends(session, f"http://{address}")


@asynccontextmanager
async def middleware(address: str) -> AsyncIterator[Send]:
    """An aiohttp session with the mesh's middleware."""
    async with _mesh(address) as mesh, aiohttp.ClientSession(middlewares=[mesh.middleware]) as session:
        yield sends(session, _SERVICE)


@asynccontextmanager
async def fast(address: str) -> AsyncIterator[Send]:
    """The mesh, untraced."""
    async with _mesh(address) as mesh:
        yield sends(mesh, _SERVICE)


@asynccontextmanager
async def public(address: str) -> AsyncIterator[Send]:
    """The mesh, untraced, with an option of aiohttp that only ``ClientSession.request`` knows."""
    async with _mesh(address) as mesh:

        async def send(method: str, path: str, body: bytes | None) -> int:
            url = _SERVICE + path
            call = (
                mesh.post(url, data=body, trace_request_ctx={})
                if method == "POST"
                else mesh.get(url, trace_request_ctx={})
            )
            async with call as response:
                await response.read()
                return response.status

        yield send


@asynccontextmanager
async def observed(address: str) -> AsyncIterator[Send]:
    """The mesh with traces and metrics, as the environment says."""
    async with _mesh(address, observe=True) as mesh:
        yield sends(mesh, _SERVICE)


CLIENTS: Mapping[str, Client] = {
    "plain": plain,
    "bearing": bearing,
    "empty-middleware": empty_middleware,
    "middleware": middleware,
    "fast": fast,
    "public": public,
    "observed": observed,
}


@asynccontextmanager
async def _mesh(address: str, *, observe: bool = False) -> AsyncIterator[Mesh]:
    config = MeshConfig(name="bench", static={"echo": (address,)})
    who = Instance(id="bench-1", service="bench", host="127.0.0.1", port=1)
    with observability.observer(who) if observe else nullcontext(NULL) as observer:
        async with Mesh(config, around=Surroundings(observer=observer)) as mesh:
            yield mesh
