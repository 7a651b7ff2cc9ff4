"""A mesh that is used where it is not open says so at once, and says how it is meant."""

from __future__ import annotations

import asyncio
import os
import threading
import warnings
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web

import discovery
from discovery.errors import MeshError, Misused
from discovery.live_settings import LiveSettings
from discovery.model import Outcome
from discovery.observer import Observer
from discovery.testing.clock import FakeClock
from discovery.testing.observer import RecordingObserver
from discovery.testing.peer import peer
from discovery.testing.registry import FakeRegistry
from discovery.testing.servers import drips, misbehaving
from tests.discovery.runtime.support import DOORS, Door, a_mesh, busy_connections, enrol, in_flight

Way = Callable[[discovery.Mesh], Awaitable[Any]]


async def following(mesh: discovery.Mesh) -> None:
    await mesh.get("http://ports/", allow_redirects=True)


async def foreign(mesh: discovery.Mesh) -> None:
    async with aiohttp.ClientSession(middlewares=[mesh.middleware]) as session:
        await session.get("http://ports/")


async def plain(mesh: discovery.Mesh) -> None:
    await mesh.get("http://ports/")


async def of_a_service(mesh: discovery.Mesh) -> None:
    await mesh.service("ports").post("/", data=b"x")


async def public(mesh: discovery.Mesh) -> None:
    await mesh.get("http://ports/", trace_request_ctx={})


async def ordinary(mesh: discovery.Mesh) -> None:
    await mesh.get("http://127.0.0.1:1/")


WAYS: list[Way] = [plain, of_a_service, public, following, foreign, ordinary]


async def test_who_observes_a_mesh_is_made_when_it_opens_and_told_of_every_call(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    made: list[str] = []

    @contextmanager
    def observe(identity: discovery.Instance) -> Iterator[Observer]:
        made.append(identity.id)
        yield observer
        made.append("flushed")

    config = discovery.MeshConfig(name="report", version="1.2")
    mesh = discovery.Mesh(config, registry, observe=observe)
    assert made == []
    async with peer(registry, "ports"), aiohttp.ClientSession(middlewares=[mesh.middleware]) as session:
        async with mesh:
            await plain(mesh)
            async with session.get("http://ports/") as response:
                assert response.status == 200
        assert made == [f"report-{os.getpid()}", "flushed"]
    assert len(observer.calls) == 2
    assert observer.unsettled() == []


@pytest.mark.parametrize("way", WAYS)
async def test_a_mesh_that_is_not_open_yet_or_no_longer_says_so(
    registry: FakeRegistry, observer: RecordingObserver, way: Way
) -> None:
    mesh = a_mesh(registry, observer)
    with pytest.raises(Misused, match="not open yet: enter it first") as caught:
        await way(mesh)
    async with mesh:
        pass
    with pytest.raises(Misused, match="is closed: make its calls inside its block"):
        await way(mesh)
    assert isinstance(caught.value, (MeshError, RuntimeError))
    assert observer.calls == []


@pytest.mark.parametrize(
    "look",
    [
        lambda mesh: mesh.view("ports"),
        lambda mesh: mesh.directory("ports"),
        lambda mesh: mesh.watch("ports"),
        lambda mesh: mesh.watch_names(),
        lambda mesh: mesh.names().send(None),
    ],
)
async def test_who_looks_into_one_is_told_the_same(
    registry: FakeRegistry, observer: RecordingObserver, look: Callable[[discovery.Mesh], object]
) -> None:
    mesh = a_mesh(registry, observer)
    with pytest.raises(Misused, match="not open yet"):
        look(mesh)
    async with mesh:
        await mesh.names()
    with pytest.raises(Misused, match="is closed"):
        look(mesh)


async def test_a_mesh_is_entered_once_at_a_time(registry: FakeRegistry, observer: RecordingObserver) -> None:
    async with a_mesh(registry, observer) as mesh, peer(registry, "ports"):
        with pytest.raises(Misused, match="open already"):
            await mesh.__aenter__()
        async with mesh.get("http://ports/") as response:
            assert response.status == 200


@pytest.mark.parametrize("way", WAYS)
async def test_another_event_loop_is_refused(registry: FakeRegistry, observer: RecordingObserver, way: Way) -> None:
    errors: list[BaseException] = []

    def elsewhere() -> None:
        try:
            asyncio.run(way(mesh))  # type: ignore[arg-type] # all ways are coroutines
        except Misused as error:
            errors.append(error)

    async with a_mesh(registry, observer) as mesh, peer(registry, "ports") as one:
        thread = threading.Thread(target=elsewhere)
        thread.start()
        await asyncio.to_thread(thread.join)
    assert [str(error) for error in errors] == [
        "this mesh belongs to another event loop: open one in each loop, or make its calls in the first"
    ]
    assert one.received == []


async def test_a_forked_child_is_refused(registry: FakeRegistry, observer: RecordingObserver) -> None:
    async with a_mesh(registry, observer) as mesh:
        call = mesh.get("http://ports/").__await__()
        read, write = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of threads, which the child does not need
            child = os.fork()
        if child == 0:
            try:
                next(call)
            except BaseException as error:  # noqa: BLE001 - whatever it is, the parent judges it
                os.write(write, f"{type(error).__name__}: {error}".encode())
            os._exit(0)
        os.close(write)
        await asyncio.to_thread(os.waitpid, child, 0)
        with os.fdopen(read) as told:
            assert told.read() == (
                f"Misused: this mesh belongs to process {os.getpid()}: open one of its own in a child, after the fork"
            )
        call.close()


@pytest.mark.parametrize("door", DOORS)
async def test_a_forgotten_answer_is_closed_when_its_time_is_over(
    registry: FakeRegistry,
    observer: RecordingObserver,
    door: Door,
    caplog: pytest.LogCaptureFixture,
) -> None:
    live = LiveSettings(timeout_s=0.2)
    async with a_mesh(registry, observer, live=live) as mesh, misbehaving(drips) as server:
        await enrol(registry, "a", server.address)
        async with door(mesh, "GET", "/x?secret=1") as response:
            assert in_flight(mesh) == {"a": 1}
            await observer.until(lambda: not observer.unsettled())
            assert (in_flight(mesh), busy_connections(mesh)) == ({"a": 0}, 0)
            with pytest.raises(TimeoutError):
                await response.read()
    (told,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert told.startswith("the answer of ports to GET /x was neither read to its end nor released")
    assert "async with mesh.get(...) as response" in told
    assert [attempt.outcome for attempt in observer.attempts] == [Outcome.BROKEN]


async def test_a_websocket_lasts_longer_than_a_call(registry: FakeRegistry, observer: RecordingObserver) -> None:
    async def echo(request: web.BaseRequest) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(message.data)
        return socket

    clock = FakeClock()
    async with a_mesh(registry, observer, clock) as mesh, peer(registry, "ports", echo, id="a"):
        async with (
            aiohttp.ClientSession(middlewares=[mesh.middleware]) as session,
            session.ws_connect("http://ports/") as socket,
        ):
            await clock.advance(1000.0)
            await socket.send_str("hello")
            assert (await socket.receive()).data == "hello"
            assert in_flight(mesh) == {"a": 1}
        await observer.until(lambda: not observer.unsettled())
        assert in_flight(mesh) == {"a": 0}
