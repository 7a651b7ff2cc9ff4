"""What the tests of the runtime share: doors, a balancer without chance, a clock that does not wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from random import Random
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.typedefs import Handler

from discovery.clock import Clock, SystemClock
from discovery.config import MeshConfig
from discovery.live_settings import LiveSettings
from discovery.model import Instance, Outcome, Target
from discovery.observer import NULL, Observer
from discovery.policy.balancer import C
from discovery.registry.port import Enrolment, Registration, Registry, TtlCheck
from discovery.runtime.directory import Directory
from discovery.runtime.mesh import Mesh
from discovery.runtime.server import Server, serving
from discovery.runtime.settings import Settings
from discovery.runtime.surroundings import Surroundings
from discovery.testing.observer import RecordingObserver

CHECK = TtlCheck(ttl_s=20, deregister_after_s=60)

Door = Callable[..., AbstractAsyncContextManager[aiohttp.ClientResponse]]


class First:
    """Chooses the first by id, so that a test knows who is asked first."""

    def pick(self, candidates: Sequence[C], now: float, rng: Random, /) -> C:
        return candidates[0]


class NoWaiting(SystemClock):
    """Pauses are written down and not made, as if they were over; timeouts are real.

    What is nothing but pauses stands still: the pulse, and what follows the event loop.
    """

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> float:
        return super().now() + sum(self.slept)

    async def sleep(self, seconds: float, /) -> None:
        task = asyncio.current_task()
        if task is not None and task.get_name() in {"pulse", "shedding"}:
            await asyncio.Event().wait()
        if seconds > 0:
            self.slept.append(seconds)
        await super().sleep(0)


def a_mesh(
    registry: Registry, observer: Observer, clock: Clock | None = None, *, live: LiveSettings | None = None, **more: Any
) -> Mesh:
    """A mesh that is not entered yet and asks instances in the order of their ids."""
    # A machine that is busy takes its time to connect; nothing here waits for that limit.
    settings = {"connect_timeout_s": 10.0, "lookup_timeout_s": 0.2, "live": live or LiveSettings(), **more}
    around = Surroundings(clock=clock or NoWaiting(), rng=Random(1), observer=observer)
    return Mesh(MeshConfig(name="tests", **settings), registry, balancer=First(), around=around)


async def enrol(registry: Enrolment, id: str, address: str, service: str = "ports", **fields: Any) -> Instance:
    """Put somebody into the registry who did not do so himself."""
    host, port = address.rsplit(":", 1)
    instance = Instance(id=id, service=service, host=host, port=int(port), **fields)
    await registry.register(Registration(instance, CHECK))
    return instance


@asynccontextmanager
async def by_mesh(mesh: Mesh, method: str, path: str, **options: Any) -> AsyncIterator[aiohttp.ClientResponse]:
    async with mesh.request(method, f"http://ports{path}", **options) as response:
        yield response


@asynccontextmanager
async def by_service(mesh: Mesh, method: str, path: str, **options: Any) -> AsyncIterator[aiohttp.ClientResponse]:
    async with mesh.service("ports").request(method, path, **options) as response:
        yield response


@asynccontextmanager
async def by_session(mesh: Mesh, method: str, path: str, **options: Any) -> AsyncIterator[aiohttp.ClientResponse]:
    async with (
        aiohttp.ClientSession(middlewares=[mesh.middleware]) as session,
        session.request(method, f"http://ports{path}", **options) as response,
    ):
        yield response


@asynccontextmanager
async def by_public(mesh: Mesh, method: str, path: str, **options: Any) -> AsyncIterator[aiohttp.ClientResponse]:
    """A call that asks for what only aiohttp's own session can do, and so goes through one."""
    async with mesh.request(method, f"http://ports{path}", trace_request_ctx={}, **options) as response:
        yield response


DOORS: list[Door] = [by_mesh, by_service, by_session, by_public]


def outcomes(observer: RecordingObserver) -> list[Outcome]:
    """What every attempt came to, in order."""
    return [attempt.outcome for attempt in observer.attempts]


@dataclass(frozen=True)
class Up:
    """A server of the mesh that is up, and a session to ask it with."""

    server: Server
    session: aiohttp.ClientSession

    def get(self, path: str, **options: Any) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        return self.session.get(f"http://{self.server.instance.address}{path}", **options)


@asynccontextmanager
async def up(
    app: web.Application, registry: Registry, observer: Observer = NULL, clock: Clock | None = None, **settings: Any
) -> AsyncIterator[Up]:
    """Serve on a free port. The session outlives the server, so that a test can ask one that leaves."""
    config = MeshConfig(**{"name": "ports", "drain_s": 0.0, "lookup_timeout_s": 0.1, **settings})
    around = Surroundings(clock=clock or SystemClock(), rng=Random(1), observer=observer)
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
        serving(app, config, registry=registry, around=around) as server,
    ):
        yield Up(server, session)


async def left_behind(one: Up, began: asyncio.Event, path: str = "/slow", **options: Any) -> None:
    """Ask for *path*, and hang up once its handler *began*."""

    async def ask() -> None:
        async with one.get(path, **options):
            pass

    asking = asyncio.create_task(ask())
    await began.wait()
    asking.cancel()
    await asyncio.wait([asking])


def an_app(**handlers: Handler) -> web.Application:
    """Answers ``GET /<name>`` by the handler of that name."""
    app = web.Application()
    for name, handler in handlers.items():
        app.router.add_get(f"/{name}", handler)
    return app


async def known(mesh: Mesh, service: str = "ports") -> None:
    """Wait until the registry has told the mesh about a service."""
    if mesh.view(service) is None:
        await mesh.directory(service).changed()


def in_flight(mesh: Mesh, service: str = "ports") -> dict[str, int]:
    """How many requests are counted as under way, by instance."""
    endpoints = mesh.directory(service)._endpoints
    return {endpoint.instance.id: endpoint.load.in_flight for endpoint in endpoints}


def busy_connections(mesh: Mesh) -> int:
    """How many connections of the mesh are in somebody's hands."""
    pool = mesh._pool
    connectors = [session.connector for session in (pool.session, pool.careful)]
    for directory in mesh._directories._open.values():
        for line in directory.lines():
            connectors += [line.steady, line.careful]
    return sum(len(connector._acquired) for connector in connectors if connector is not None)


def a_directory(around: Surroundings, target: Target = Target("ports")) -> Directory:  # noqa: B008 - a tuple of words
    """A directory that nobody fills, and which asks instances in the order of their ids."""
    return Directory(target, First(), Settings(MeshConfig(name="tests")), around)


def other_tasks() -> set[asyncio.Task[Any]]:
    """All tasks but the one that asks."""
    return {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}
