"""A service that really listens, and a client for it: what the tests of all services begin with."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import RawTestServer
from multidict import CIMultiDictProxy
from sqlalchemy.engine import URL

import discovery
from services.kit.application import application
from services.kit.service import Service, Settings
from services.laptops.app import SERVICE as LAPTOPS
from services.ports.app import SERVICE as PORTS
from services.recommendations.app import SERVICE as RECOMMENDATIONS

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

# What the gateway's edge says in an answer, whatever else is in it, as aiohttp's client writes it.
EDGE = frozenset({"RateLimit", "RateLimit-Policy", "X-Request-ID"})


@dataclass(frozen=True)
class Answer:
    status: int
    headers: CIMultiDictProxy[str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def fields(self) -> list[str]:
        """The fields that a problem names; an answer that is not a proper problem fails the test here."""
        document = self.json
        assert self.headers["Content-Type"].startswith("application/problem+json")
        assert document["status"] == self.status
        assert {"type", "title", "status", "detail", "instance"} <= document.keys()
        return [error["field"] for error in document.get("errors", [])]


@dataclass(frozen=True)
class Client:
    """Speaks to one server. ``await client("GET", "/ports")``."""

    server: discovery.Server
    session: aiohttp.ClientSession

    @property
    def address(self) -> str:
        return self.server.instance.address

    async def __call__(self, method: str, path: str, **options: Any) -> Answer:
        options.setdefault("allow_redirects", False)
        async with self.session.request(method, f"http://{self.address}{path}", **options) as response:
            return Answer(response.status, response.headers, await response.text())

    async def raw(self, request: bytes) -> bytes:
        """Send bytes as they are, and read until the server closes the connection."""
        reader, writer = await asyncio.open_connection(self.server.instance.host, self.server.instance.port)
        try:
            writer.write(request)
            async with asyncio.timeout(10):
                return await reader.read()
        finally:
            writer.close()


class Echo:
    """Remembers what reached it and says it back."""

    def __init__(self) -> None:
        self.requests: list[web.BaseRequest] = []
        self.bodies: list[bytes] = []

    async def __call__(self, request: web.BaseRequest) -> web.Response:
        self.requests.append(request)
        body = b"".join([piece async for piece in request.content.iter_any()])
        self.bodies.append(body)
        return web.Response(body=body, headers={"X-Inside": "1"})


def build(service: Service, url: URL, around: discovery.Surroundings | None = None) -> web.Application:
    """The application of *service* with its data at *url*, where anybody may write."""
    return application(service, Settings(url), around)


build_laptops = partial(build, LAPTOPS)
build_ports = partial(build, PORTS)
build_recommendations = partial(build, RECOMMENDATIONS)


@asynccontextmanager
async def served(
    app: web.Application, name: str, registry: discovery.StaticRegistry | None = None, **settings: Any
) -> AsyncIterator[Client]:
    """Serve *app* on a free port, as a member of the mesh that *registry* is."""
    config = discovery.MeshConfig(name=name, **{"drain_s": 0.0, "lookup_timeout_s": 0.1, **settings})
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(
            discovery.serving(app, config, registry=registry or discovery.StaticRegistry())
        )
        session = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()))
        yield Client(server, session)


@asynccontextmanager
async def locked(database: URL) -> AsyncIterator[None]:
    """Another process that writes without end. It gets its lock in a thread, since who holds it needs the loop."""
    with closing(sqlite3.connect(str(database.database), isolation_level=None, check_same_thread=False)) as other:
        await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@asynccontextmanager
async def behind(
    registry: discovery.StaticRegistry, service: str, *handlers: Handler
) -> AsyncIterator[list[discovery.Instance]]:
    """Plain servers without a document, one for each of *handlers*, in the registry as instances of *service*."""
    async with AsyncExitStack() as stack:
        instances = []
        for handler in handlers:
            server = await stack.enter_async_context(RawTestServer(without_document(handler)))
            instances.append(instance(service, server.port or 0))
        registry.replace(service, instances)
        yield instances


def without_document(handler: Handler) -> Handler:
    """*handler*, but for the document of its API, which is not there."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=404) if request.path == "/openapi.json" else await handler(request)

    return handle


@asynccontextmanager
async def saying(registry: discovery.StaticRegistry, service: str, words: bytes) -> AsyncIterator[None]:
    """A server that answers a request, but one for its document, with *words* and closes the connection."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Who connects and says nothing leaves no connection behind.
        with suppress(asyncio.IncompleteReadError, ConnectionError), closing(writer):
            head = await reader.readuntil(b"\r\n\r\n")
            unknown = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            writer.write(unknown if head.startswith(b"GET /openapi.json ") else words)
            await writer.drain()

    async with await asyncio.start_server(say, "127.0.0.1", 0) as server:
        registry.replace(service, [instance(service, server.sockets[0].getsockname()[1])])
        yield


def instance(service: str, port: int) -> discovery.Instance:
    """Whoever listens on *port* of this machine."""
    return discovery.Instance(id=f"{service}-{port}", service=service, host="127.0.0.1", port=port)


async def enrolled(registry: discovery.StaticRegistry, *services: str) -> None:
    """Wait until each of *services* has registered: that goes on in the background of its server."""
    for service in services:
        index = 1
        while not (answer := await registry.instances(discovery.Target(service), index=index, wait_s=10)).instances:
            assert answer.index > index, f"{service} did not register"
            index = answer.index
