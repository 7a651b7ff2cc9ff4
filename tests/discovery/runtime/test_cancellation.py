"""Cancelled at every await, nothing leaks: no load, no connection, no task, no handle that nobody ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from random import Random
from types import MappingProxyType
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from discovery.call_errors import NoInstances
from discovery.clock import SystemClock
from discovery.config import MeshConfig
from discovery.errors import RegistryUnavailable
from discovery.live_settings import LiveSettings
from discovery.model import Check, Instance, Target, View
from discovery.observer import Registered, StateChanged
from discovery.registry.port import Answer, Entry, HttpCheck, Names, Registration
from discovery.runtime import (
    caller,
    chooser,
    direct,
    directories,
    directory,
    membership,
    registrar,
    retrying,
    room,
    server,
    site,
    watcher,
)
from discovery.runtime.directories import Directories
from discovery.runtime.directory import Directory
from discovery.runtime.reach import Reach
from discovery.runtime.registrar import Registrar
from discovery.runtime.server import LEAVING
from discovery.runtime.settings import Settings
from discovery.runtime.surroundings import Surroundings
from discovery.runtime.tasks import Tasks
from discovery.runtime.watcher import follow, watch
from discovery.testing.clock import FakeClock
from discovery.testing.observer import RecordingObserver
from discovery.testing.peer import peer
from discovery.testing.registry import FakeRegistry
from tests.discovery.runtime.cutting import Line, Scene, cut_everywhere, missed
from tests.discovery.runtime.support import (
    DOORS,
    Door,
    First,
    NoWaiting,
    Up,
    a_directory,
    a_mesh,
    an_app,
    busy_connections,
    by_mesh,
    in_flight,
    known,
    other_tasks,
    up,
)

PORTS = Target("ports")


@asynccontextmanager
async def clean() -> AsyncIterator[None]:
    """No task is left behind."""
    before = other_tasks()
    yield
    assert not other_tasks() - before


@asynccontextmanager
async def a_call(door: Door) -> AsyncIterator[Scene]:
    """Nobody is there at first; then one answers with 503, and another one with 200, and both with a lot of text."""
    registry, backstage, observer = FakeRegistry(), FakeRegistry(), RecordingObserver()

    async def big(request: web.BaseRequest) -> web.Response:
        return web.Response(body=b"x" * 300_000)

    async def unavailable(request: web.BaseRequest) -> web.Response:
        return web.Response(status=503, body=b"x" * 300_000)

    async def call() -> None:
        async with door(mesh, "PUT", "/", data=b"x" * 300_000) as response:
            await response.read()

    async def appear() -> None:
        while PORTS not in mesh._directories._open:
            await a_turn()
        registry.replace("ports", [one.instance, other.instance])

    async def check() -> None:
        await FakeClock().settle()
        assert set(in_flight(mesh).values()) <= {0}
        assert busy_connections(mesh) == 0
        assert observer.unsettled() == []

    async with (
        clean(),
        a_mesh(registry, observer, NoWaiting()) as mesh,
        peer(backstage, "ports", unavailable, id="a") as one,
        peer(backstage, "ports", big, id="b") as other,
    ):
        appearing = asyncio.create_task(appear())
        try:
            yield Scene(call, check)
        finally:
            appearing.cancel()
            await asyncio.wait([appearing])


@asynccontextmanager
async def a_call_for_nobody() -> AsyncIterator[Scene]:
    """Nobody comes, and the names of the others are slow to come too."""
    registry, observer = FakeRegistry(), RecordingObserver()

    async def call() -> None:
        with pytest.raises(NoInstances):
            await mesh.get("http://ports/")

    async def check() -> None:
        assert observer.unsettled() == []

    async with clean(), a_mesh(registry, observer, NoWaiting(), lookup_timeout_s=0.02) as mesh:
        yield Scene(call, check)


@asynccontextmanager
async def a_call_in_turn() -> AsyncIterator[Scene]:
    """One call is allowed, and somebody else's comes before each attempt of ours."""
    registry, observer = FakeRegistry(), RecordingObserver()
    others: list[asyncio.Task[None]] = []
    over = asyncio.Event()

    async def unavailable(request: web.BaseRequest) -> web.Response:
        if request.path == "/other":
            while not over.is_set() and not mesh.directory("ports").room.waiting:
                await a_turn()
            return web.Response()
        if not over.is_set():
            await another()
        return web.Response(status=503)

    async def another() -> None:
        others.append(asyncio.create_task(fetch("/other")))
        await FakeClock().settle()

    async def fetch(path: str) -> None:
        async with mesh.get(f"http://ports{path}") as response:
            await response.read()

    async def call() -> None:
        await known(mesh)
        await another()
        await fetch("/")

    async def check() -> None:
        over.set()
        await FakeClock().settle()
        await asyncio.gather(*others)
        room = mesh.directory("ports").room
        assert (room.taken, len(room.waiting)) == (0, 0)
        assert observer.unsettled() == []

    live = LiveSettings(concurrency=1)
    async with (
        clean(),
        a_mesh(registry, observer, NoWaiting(), live=live, lookup_timeout_s=10.0) as mesh,
        peer(registry, "ports", unavailable, id="a"),
        peer(registry, "ports", id="b"),
    ):
        yield Scene(call, check)


@asynccontextmanager
async def following_names() -> AsyncIterator[Scene]:
    """Somebody waits for the first names."""
    registry, observer = FakeRegistry({"ports": ("127.0.0.1:1",)}), RecordingObserver()

    async def call() -> None:
        async for names in mesh.watch_names():
            assert "ports" in names
            break

    async def check() -> None:
        assert observer.unsettled() == []

    async with clean(), a_mesh(registry, observer) as mesh:
        yield Scene(call, check)


@asynccontextmanager
async def watching() -> AsyncIterator[Scene]:
    """Somebody watches a service of which there is no news."""
    registry, observer = FakeRegistry({"ports": ("127.0.0.1:1",)}), RecordingObserver()

    async def work() -> None:
        async for view in mesh.watch("ports"):
            assert view.instances

    async def check() -> None:
        assert mesh.directory("ports")._users == 0

    async with clean(), a_mesh(registry, observer) as mesh:
        yield Scene(work, check, FakeClock().settle())


class SlowWithNames(FakeRegistry):
    async def names(self, *, index: int = 0, wait_s: float = 0.0) -> Names:
        await a_turn()
        return await super().names(index=index, wait_s=wait_s)


@asynccontextmanager
async def looking_again() -> AsyncIterator[Scene]:
    """Somebody asks for a name that is not there."""
    registry, observer = SlowWithNames({"ports": ("127.0.0.1:1",)}), RecordingObserver()

    async def call() -> None:
        assert "nobody" not in await mesh.names("nobody")

    async def check() -> None:
        assert observer.unsettled() == []

    async with clean(), a_mesh(registry, observer) as mesh:
        yield Scene(call, check)


class Distant(FakeRegistry):
    """Never answers in the same turn of the loop."""

    async def instances(
        self, target: Target, *, index: int = 0, wait_s: float = 0.0, consistent: bool = False
    ) -> Answer:
        await a_turn()
        return await super().instances(target, index=index, wait_s=wait_s, consistent=consistent)

    async def names(self, *, index: int = 0, wait_s: float = 0.0) -> Names:
        await a_turn()
        return await super().names(index=index, wait_s=wait_s)

    async def register(self, registration: Registration) -> None:
        await a_turn()
        await super().register(registration)

    async def deregister(self, instance_id: str) -> None:
        await a_turn()
        await super().deregister(instance_id)

    async def maintain(self, instance_id: str, reason: str | None) -> None:
        await a_turn()
        await super().maintain(instance_id, reason)

    async def checks(self, instance_id: str) -> tuple[Check, ...]:
        await a_turn()
        return await super().checks(instance_id)

    async def entry(self, instance_id: str, *, hash: str = "", wait_s: float = 0.0) -> Entry | None:
        await a_turn()
        return await super().entry(instance_id, hash=hash, wait_s=wait_s)


async def a_turn() -> None:
    await SystemClock().sleep(0)


@asynccontextmanager
async def acting(play: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Task[None]]:
    """What goes on around the work, until it has happened or the scene is left."""
    task = asyncio.create_task(play)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])


def an_instance(number: int, boot: str = "") -> Instance:
    meta = MappingProxyType({"boot": boot} if boot else {})
    return Instance(id=f"p{number}", service="ports", host="127.0.0.1", port=number, meta=meta)


@asynccontextmanager
async def a_watch(of_names: bool) -> AsyncIterator[Scene]:
    """The registry tells, goes away, comes back, says that nobody is left, and changes faster than we may ask."""
    registry, observer, clock = Distant(), RecordingObserver(), FakeClock()
    around = Surroundings(clock, Random(1), observer)
    known, reach = a_directory(around), Reach(around)
    names = Directories(
        MeshConfig(name="tests"), registry, Tasks(), First(), Settings(MeshConfig(name="tests")), around, reach
    )

    async def work() -> None:
        if of_names:
            await follow("names", names._read_names, names._take_names, around, reach)
        else:
            await watch(registry, known, around, reach)

    async def check() -> None:
        assert clock.sleepers == 0

    async def play() -> None:
        await clock.advance(1)
        registry.replace("ports", [an_instance(1), an_instance(2)])
        await clock.advance(1)
        registry.fail(RegistryUnavailable("away"))
        await clock.advance(1)
        registry.heal()
        reach.answered()  # somebody else was: from here on all take turns
        await clock.advance(1)
        registry.replace("ports", [])
        for number in range(1, 6):
            await clock.settle()
            registry.replace("ports", [an_instance(number)])
        await clock.advance(10)

    async with clean(), acting(play()) as played:
        yield Scene(work, check, played)


@asynccontextmanager
async def a_reader(reader: Callable[[Directory], Coroutine[Any, Any, None]]) -> AsyncIterator[Scene]:
    """Somebody who waits for a change, in a directory that has none."""
    clock = FakeClock()
    known = a_directory(Surroundings(clock, Random(1)))

    async def check() -> None:
        assert clock.sleepers == 0

    async with clean():
        yield Scene(lambda: reader(known), check, clock.settle())


async def follow_views(known: Directory) -> None:
    seen = None
    while True:
        seen = await known.other_than(seen)


class Keeping:
    """A registrar whose predecessor's entry is still there, at an address where somebody else answers now."""

    def __init__(self, session: aiohttp.ClientSession, stranger: Instance) -> None:
        self.registry, self.observer, self.clock = Distant(), RecordingObserver(), FakeClock()
        self.around = Surroundings(self.clock, Random(1), self.observer)
        self.known = a_directory(self.around)
        self.me = replace(stranger, id="p1", service="ports", meta=MappingProxyType({"boot": "mine"}))
        before = replace(self.me, host="localhost", meta=MappingProxyType({"boot": "dead"}))
        self.registry.replace("ports", [before])
        check = HttpCheck(url="http://x/", interval_s=5, timeout_s=2, deregister_after_s=60)
        self.registrar = Registrar(self.me, check, self.registry, session, self.around, Reach(self.around))
        self.session = session

    async def registered(self, times: int) -> None:
        """Wait for what goes over real connections, while a clock that stands still lets nothing else happen."""
        await self.clock.advance(1)
        await self.observer.until(lambda: len(self.observer.told(Registered)) >= times)
        await self.clock.settle()

    async def play_for_the_agent(self) -> None:
        """The entry is lost, then changed; then the registry goes away."""
        await self.registered(1)
        self.registry.replace("ports", [])
        await self.registered(2)
        self.registry.replace("ports", [replace(self.me, port=1)])
        await self.registered(3)
        self.registry.fail(RegistryUnavailable("away"))
        await self.clock.advance(6)

    async def play_for_the_catalogue(self) -> None:
        """The catalogue shows us too late, never, and then cannot be told."""
        await self.clock.settle()
        await self.registrar._put("start")
        await self.clock.settle()
        for _ in range(2):
            self.known.replace(View(target=PORTS, instances=(), index=1, as_of=0))
            await self.clock.settle()
            self.known.replace(View(target=PORTS, instances=(an_instance(7),), index=1, as_of=0))
            await self.clock.advance(5)
        await self.registered(2)
        self.registry.fail(RegistryUnavailable("away"))
        await self.clock.advance(6)

    async def play_for_changes(self) -> None:
        """It is changed, and taken out of service, and then cannot be told."""
        await self.clock.settle()
        await self.registrar._put("start")
        self.registrar.own.update(weight=7)
        out = asyncio.create_task(self.registrar.own.maintain("out"))
        try:
            await self.registered(2)
            self.registry.fail(RegistryUnavailable("away"))
            self.registrar.own.update(weight=8)
            await self.clock.advance(6)
        finally:
            out.cancel()

    async def check(self) -> None:
        await self.clock.settle()
        assert self.clock.sleepers == 0
        assert self.session.connector is not None
        assert not self.session.connector._acquired
        self.registry.heal()
        await self.registrar.leave(3)
        left = await self.registry.entry("p1")
        assert left is None or left.instance.meta["boot"] == "dead"


@asynccontextmanager
async def a_registrar(eye: str) -> AsyncIterator[Scene]:
    """Each of its two eyes, what it changes itself, and its leaving."""

    async def not_here(request: web.BaseRequest) -> web.Response:
        return web.Response(status=404)

    async with clean(), aiohttp.ClientSession() as session, peer(FakeRegistry(), "elsewhere", not_here) as stranger:
        keeping = Keeping(session, stranger.instance)
        work, play = {
            "agent": (keeping.registrar.keep, keeping.play_for_the_agent),
            "changes": (keeping.registrar.keep_current, keeping.play_for_changes),
            "catalogue": (lambda: keeping.registrar.keep_visible(keeping.known), keeping.play_for_the_catalogue),
            "leaving": (lambda: keeping.registrar.leave(3), lambda: keeping.clock.advance(3)),
        }[eye]
        if eye == "leaving":
            await keeping.registrar._put("start")
        async with acting(play()) as played:
            yield Scene(work, keeping.check, played)


@asynccontextmanager
async def a_server(*, prompt: bool = False) -> AsyncIterator[Scene]:
    """It starts, serves somebody who takes more time than there is unless he is *prompt*, and leaves."""
    registry, observer = Distant(), RecordingObserver()
    serving: asyncio.Queue[Up] = asyncio.Queue()
    stop = asyncio.Event()
    addresses: list[tuple[str, int]] = []

    async def slow(request: web.Request) -> web.Response:
        await (request.app[LEAVING] if prompt else asyncio.Event()).wait()
        for _ in range(8):  # so that the drain is over first
            await a_turn()
        return web.Response()

    async def start(app: web.Application) -> None:
        await a_turn()

    async def work() -> None:
        app = an_app(slow=slow)
        app.on_startup.append(start)
        # Who is cancelled while he serves leaves politely all the same.
        async with up(
            app, registry, observer, SystemClock(), host="0.0.0.0", drain_s=0 if prompt else 0.01, stop_s=0.04
        ) as one:
            addresses.append((one.server.instance.host, one.server.instance.port))
            serving.put_nowait(one)
            await stop.wait()

    async def play() -> None:
        one = await serving.get()
        await observer.until(lambda: bool(observer.told(Registered)))
        async with aiohttp.ClientSession() as session:
            asking = asyncio.create_task(ask(session, f"http://{one.server.instance.address}/slow"))
            try:
                await observer.until(lambda: bool(observer.requests))
                stop.set()
            finally:
                await asyncio.wait([asking])

    async def ask(session: aiohttp.ClientSession, url: str) -> None:
        with suppress(aiohttp.ClientError):
            await session.get(url)

    async def check() -> None:
        states = [event.state for event in observer.told(StateChanged)]
        assert states in ([], ["stopped"], ["ready", "draining"], ["ready", "draining", "stopped"])
        assert observer.unsettled() == []
        for host, port in addresses:
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection(host, port)

    async with clean(), acting(play()):
        yield Scene(work, check)


async def test_a_server_can_be_cancelled_wherever_it_waits() -> None:
    places = await cut_everywhere(a_server) | await cut_everywhere(partial(a_server, prompt=True))

    # These wait after a cancellation, or in a task that it does not reach, for what is bounded.
    assert missed(server, places) == []
    assert sorted(missed(membership, places)) == [
        "await asyncio.wait([task])",
        "await self._inbound.goodbyes.said(self._close_s / 4)",
        "await self._inbound.under_way.cut(self._close_s / 4)",
        "await self._site.close(max(least_s, left_s))",
        "await self._site.stop_listening()",
    ]
    assert sorted(missed(site, places)) == [
        "await asyncio.shield(task)",
        "await asyncio.wait([task], timeout=_CUT_S)",
        "await self.stop_listening()",
        "await site.stop()",
        "await task",
        'await within(self._runner.cleanup(), limit_s, self._clock, "on_shutdown, on_cleanup or cleanup_ctx")',
        'await within(super().shutdown(), self.shutdown_s, self.clock, "on_shutdown")',
    ]


async def test_a_call_can_be_cancelled_wherever_it_waits() -> None:
    places: set[Line] = set()
    for door in DOORS:
        places |= await cut_everywhere(partial(a_call, door))
    places |= await cut_everywhere(a_call_for_nobody)
    places |= await cut_everywhere(a_call_in_turn)
    places |= await cut_everywhere(following_names)
    places |= await cut_everywhere(looking_again)
    places |= await cut_everywhere(partial(a_watch, of_names=True))
    places |= await cut_everywhere(watching)

    assert [missed(module, places) for module in (caller, chooser, direct, retrying, room)] == [[]] * 5
    # Connections are closed when a mesh is.
    assert set(missed(directories, places)) <= {"await line.close()", "await self.close_retired()"}


async def test_whoever_looks_into_a_directory_can_be_cancelled_wherever_he_waits() -> None:
    places = await cut_everywhere(partial(a_call, by_mesh))
    places |= await cut_everywhere(partial(a_reader, Directory.changed))
    places |= await cut_everywhere(partial(a_reader, follow_views))

    assert missed(directory, places) == []


async def test_a_watch_can_be_cancelled_wherever_it_waits() -> None:
    places = await cut_everywhere(partial(a_watch, of_names=False))

    assert missed(watcher, places) == []


async def test_a_registrar_can_be_cancelled_wherever_it_waits() -> None:
    places: set[Line] = set()
    for eye in ("agent", "catalogue", "changes", "leaving"):
        places |= await cut_everywhere(partial(a_registrar, eye))

    assert missed(registrar, places) == []
