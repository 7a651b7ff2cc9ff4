"""A server's way into the mesh and out of it: nobody who calls meanwhile may lose anything."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from aiohttp import web

import discovery
from discovery import wire
from discovery.clock import Clock, SystemClock
from discovery.config import MeshConfig
from discovery.errors import ConfigError, IdentityTaken, RegistryUnavailable
from discovery.model import Health, Instance, Target
from discovery.observer import Deregistered, Observer, Registered, RegistrationFailed, StateChanged
from discovery.registry.port import Entry
from discovery.registry.static_registry import StaticRegistry
from discovery.runtime.server import Server, serving
from discovery.testing.clock import FakeClock
from discovery.testing.observer import RecordingObserver
from discovery.testing.peer import peer
from discovery.testing.registry import FakeRegistry
from tests.discovery.runtime.support import NoWaiting, an_app, other_tasks, up

PORTS = Target("ports")


async def ok(request: web.Request) -> web.Response:
    return web.Response(text="ok")


@dataclass(frozen=True)
class Hosted:
    """A server in a task of its own: ``leave`` begins the end, ``gone`` is over when the server is."""

    server: Server
    session: aiohttp.ClientSession
    leave: asyncio.Event
    gone: asyncio.Task[None]

    async def get(self, path: str) -> tuple[int, str, str]:
        async with self.session.get(f"http://{self.server.instance.address}{path}") as response:
            return response.status, response.headers.get("Connection", ""), response.headers.get(wire.NACK, "")


@asynccontextmanager
async def hosted(
    app: web.Application, registry: StaticRegistry, observer: RecordingObserver, clock: Clock, **settings: Any
) -> AsyncIterator[Hosted]:
    up_and_running: asyncio.Queue[Server] = asyncio.Queue()
    leave = asyncio.Event()

    async def host() -> None:
        async with up(app, registry, observer, clock, **settings) as one:
            up_and_running.put_nowait(one.server)
            await leave.wait()

    gone = asyncio.create_task(host())
    try:
        async with aiohttp.ClientSession() as session:
            server = await up_and_running.get()
            await observer.until(lambda: bool(observer.told(Registered) or observer.told(RegistrationFailed)))
            yield Hosted(server, session, leave, gone)
    finally:
        gone.cancel()
        await asyncio.wait([gone])


async def test_it_is_registered_as_passing_once_it_serves(registry: FakeRegistry, observer: RecordingObserver) -> None:
    async with up(an_app(ok=ok), registry, observer, version="1.2", tags=("v1",)) as one:
        await observer.until(lambda: bool(observer.told(Registered)))
        (entry,) = (await registry.instances(PORTS)).instances
        assert (entry.id, entry.address, entry.health) == (
            one.server.instance.id,
            one.server.instance.address,
            Health.PASSING,
        )
        assert (entry.version, entry.tags) == ("1.2", ("v1",))
        assert entry.port > 0
    assert (await registry.instances(PORTS)).instances == ()
    assert not other_tasks()


async def test_it_leaves_in_an_order_that_loses_nothing(registry: FakeRegistry, observer: RecordingObserver) -> None:
    clock, began, go_on = FakeClock(), asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        began.set()
        await go_on.wait()
        return web.Response()

    app = an_app(ok=ok, slow=slow)
    async with hosted(app, registry, observer, clock, drain_s=5, stop_s=20) as one:
        assert await one.get("/ok") == (200, "", "")
        held = asyncio.create_task(one.get("/slow"))
        await began.wait()

        one.leave.set()
        await observer.until(lambda: bool(observer.told(Deregistered)))
        assert (await registry.instances(PORTS)).instances == ()
        await clock.settle()
        # For five seconds those are served who have not noticed yet, and asked to come back elsewhere.
        assert await one.get("/ok") == (200, "close", "")
        assert (await one.get(wire.READY_PATH))[0] == 503
        assert (await one.get(wire.LIVE_PATH))[0] == 200
        # What lasts has to end now, and is not begun any more.
        assert app[discovery.LEAVING].is_set()
        await clock.advance(4.9)
        assert await one.get("/ok") == (200, "close", "")
        await clock.advance(0.2)
        # Then nothing new is begun, but what was begun is finished.
        assert await one.get("/ok") == (503, "close", wire.NACK_DRAINING)
        assert not one.gone.done()
        go_on.set()
        assert (await held)[:2] == (200, "close")
        await one.gone
        with pytest.raises(aiohttp.ClientConnectorError):
            await one.get("/ok")

    told = [(type(event), getattr(event, "state", "")) for event in observer.events]
    own = [each for each in told if each[0] in {StateChanged, Registered, Deregistered}]
    assert own == [
        (StateChanged, "ready"),
        (Registered, ""),
        (Deregistered, ""),
        (StateChanged, "draining"),
        (StateChanged, "stopped"),
    ]
    assert observer.unsettled() == []


async def test_a_request_that_never_ends_holds_up_nobody_longer_than_stop_s(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    clock, began = SystemClock(), asyncio.Event()

    async def never(request: web.Request) -> web.Response:
        began.set()
        await asyncio.Event().wait()
        raise AssertionError

    async with hosted(an_app(never=never), registry, observer, clock, stop_s=0.4) as one:
        held = asyncio.create_task(one.get("/never"))
        await began.wait()
        at = clock.now()
        one.leave.set()
        await one.gone
        assert 0.3 <= clock.now() - at < 0.9
        with pytest.raises(aiohttp.ClientConnectionError):
            await held
    assert [end.status for request in observer.requests for end in request.ends] == [None]


async def test_an_answer_that_its_reader_takes_slowly_is_finished_too(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    size = 64_000_000  # more than the buffers of a connection hold: a system may let them grow to 36 MB

    async def big(request: web.Request) -> web.Response:
        return web.Response(body=b"x" * size)

    async with hosted(an_app(big=big), registry, observer, SystemClock(), stop_s=10.0) as one:
        url = f"http://{one.server.instance.address}/big"
        async with one.session.get(url) as response:
            one.leave.set()
            await asyncio.wait([one.gone], timeout=0.8)
            assert not one.gone.done()
            assert len(await response.read()) == size
        await one.gone


@contextmanager
def counted(failures: list[str]) -> Iterator[None]:
    try:
        yield
    except aiohttp.ClientError as error:
        failures.append(str(error))


@pytest.mark.parametrize(
    ("notices", "drain_s", "methods"),
    [
        # A watch may be a second late, and so long a POST may meet a connection that was kept.
        pytest.param(True, 1.3, ["GET", "POST"], id="a client that notices"),
        # Nobody can close a port without losing whoever is just connecting: those have to be repeatable.
        pytest.param(False, 0.1, ["GET", "PUT"], id="one that does not"),
    ],
)
async def test_a_client_that_calls_all_the_time_loses_nothing_when_a_server_leaves(
    registry: FakeRegistry, observer: RecordingObserver, notices: bool, drain_s: float, methods: list[str]
) -> None:
    failures: list[str] = []
    answered = 0
    gone = asyncio.Event()

    async def calling(mesh: discovery.Mesh, method: str) -> None:
        nonlocal answered
        more = 20
        while more:
            with counted(failures):
                async with mesh.request(method, "http://ports/ok") as response:
                    if response.status != 200:
                        failures.append(f"{method}: {response.status}")
                    answered += 1
            more -= gone.is_set()

    app, staying = web.Application(), web.Application()
    for each in (app, staying):
        each.router.add_route("*", "/ok", ok)
    async with (
        hosted(app, registry, observer, SystemClock(), drain_s=drain_s) as one,
        up(staying, registry) as other,
    ):
        addresses = [each.server.instance.address for each in (one, other)]
        seen = registry if notices else StaticRegistry({"ports": addresses})
        async with discovery.Mesh(MeshConfig(name="tests"), seen) as mesh:
            callers = [asyncio.create_task(calling(mesh, method)) for method in methods * 3]
            await observer.until(lambda: answered > 50)
            one.leave.set()
            await one.gone
            gone.set()
            await asyncio.gather(*callers)
    assert failures == []


@pytest.mark.parametrize("listening", [True, False])
async def test_a_port_that_is_taken_is_said_in_a_sentence(registry: FakeRegistry, listening: bool) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", 0))
        if listening:
            other.listen()
        port = other.getsockname()[1]
        app = web.Application()

        async def listen(app: web.Application) -> None:
            other.listen()

        app.on_startup.append(listen)
        with pytest.raises(ConfigError, match=f"^port {port} on 127.0.0.1 is taken by another process: set MESH_PORT"):
            async with serving(app, MeshConfig(name="ports", port=port), registry=registry):
                pytest.fail("it could not listen")
    assert not other_tasks()


async def test_a_host_that_is_not_ours_is_said_in_a_sentence(registry: FakeRegistry) -> None:
    with pytest.raises(ConfigError, match=r"^cannot listen on 192\.0\.2\.1:0: Cannot assign requested address$"):
        async with serving(web.Application(), MeshConfig(name="ports", host="192.0.2.1"), registry=registry):
            pytest.fail("it could not listen")


async def test_it_serves_while_the_registry_is_away_and_says_so(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    registry.fail(RegistryUnavailable("away"))
    async with up(an_app(ok=ok), registry, observer, NoWaiting()) as one:
        async with one.get("/ok") as response:
            assert response.status == 200
        async with one.get(wire.READY_PATH) as response:
            assert response.status == 200
        await observer.until(lambda: len(observer.told(RegistrationFailed)) > 3)
        registry.heal()
        await observer.until(lambda: bool(observer.told(Registered)))
    assert (await registry.instances(PORTS)).instances == ()


async def test_who_never_got_as_far_as_the_registry_waits_for_nobody_when_it_leaves(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    registry.fail(RegistryUnavailable("away"))
    clock = FakeClock()
    async with up(an_app(ok=ok), registry, observer, clock, drain_s=10.0):
        await observer.until(lambda: bool(observer.told(RegistrationFailed)))
    assert [event.state for event in observer.told(StateChanged)] == ["ready", "draining", "stopped"]
    assert observer.told(Deregistered) == []


async def test_what_is_not_to_be_registered_sees_the_others_and_is_seen_by_nobody(registry: FakeRegistry) -> None:
    other = Instance(id="ports-9", service="ports", host="127.0.0.1", port=9)
    registry.replace("ports", [other])
    config = MeshConfig(name="reader", drain_s=0)
    async with serving(web.Application(), config, registry=registry, register=False) as server:
        seen = await anext(aiter(server.mesh.watch("ports")))
        ready = f"http://{server.instance.address}{wire.READY_PATH}"
        async with aiohttp.ClientSession() as session, session.get(ready) as response:
            assert response.status == 200
        assert not server.failed.done()
        assert set((await registry.names()).services) == {"ports"}

    assert [each.id for each in seen.instances] == ["ports-9"]
    assert set((await registry.names()).services) == {"ports"}


async def test_who_was_asked_all_the_same_is_served_on_while_it_leaves(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    """As by those who still believe in the entry of a predecessor at the same address."""
    clock = FakeClock()
    registry.fail(RegistryUnavailable("away"))
    async with hosted(an_app(ok=ok), registry, observer, clock, drain_s=5, stop_s=20) as one:
        await one.get(wire.READY_PATH)
        assert await one.get("/ok") == (200, "", "")
        one.leave.set()
        await observer.until(lambda: observer.told(StateChanged)[-1].state == "draining")
        assert await one.get("/ok") == (200, "close", "")
        await clock.settle()
        await clock.advance(5.1)
        await one.gone


async def test_a_live_process_under_our_id_ends_the_server_and_keeps_its_entry(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    async def theirs(request: web.BaseRequest) -> web.Response:
        return web.Response(headers={wire.BOOT: "theirs"})

    async with peer(registry, "ports", theirs, id="p1") as other:
        async with up(an_app(ok=ok), registry, observer, instance_id="p1") as one:
            await asyncio.wait([one.server.failed])
            assert isinstance(one.server.failed.exception(), IdentityTaken)
        assert (await registry.instances(PORTS)).instances[0].address == other.instance.address


async def test_an_application_that_cannot_start_leaves_nothing_behind(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    closed: list[str] = []

    async def database(app: web.Application) -> AsyncIterator[None]:
        yield
        closed.append("database")

    async def broken(app: web.Application) -> None:
        raise ZeroDivisionError

    app = web.Application()
    app.cleanup_ctx.append(database)
    app.on_startup.append(broken)
    with pytest.raises(ZeroDivisionError):
        async with up(app, registry, observer):
            pytest.fail("it could not start")
    assert closed == ["database"]
    assert not other_tasks()
    assert (await registry.instances(PORTS)).instances == ()


async def test_an_application_is_served_once(registry: FakeRegistry) -> None:
    app = an_app(ok=ok)
    async with up(app, registry):
        pass
    with pytest.raises(RuntimeError, match="make a new one"):
        async with up(app, registry):
            pytest.fail("it was served before")


async def test_the_observer_is_made_for_the_bound_port_and_is_the_last_to_go(registry: FakeRegistry) -> None:
    observer = RecordingObserver()
    made: list[Instance] = []

    @contextmanager
    def observe(identity: Instance) -> Iterator[Observer]:
        made.append(identity)
        yield observer
        assert observer.told(StateChanged)[-1].state == "stopped"
        made.append(identity)

    config = MeshConfig(name="ports", drain_s=0)
    async with serving(web.Application(), config, registry=registry, observe=observe) as server:
        assert made == [server.instance]
        assert server.instance.port > 0
    assert len(made) == 2


async def test_the_application_finds_its_mesh(registry: FakeRegistry) -> None:
    async def call(request: web.Request) -> web.Response:
        async with request.app[discovery.MESH].get("http://ports/x") as response:
            return web.Response(text=await response.text())

    async with (
        peer(registry, "ports", id="p1"),
        up(an_app(call=call), registry, name="tests") as one,
        one.get("/call") as response,
    ):
        assert await response.text() == "p1"


class Mute(FakeRegistry):
    """Registers, and says nothing when we leave."""

    mute = False

    async def entry(self, instance_id: str, *, hash: str = "", wait_s: float = 0.0) -> Entry | None:
        if self.mute and not hash:
            await asyncio.Event().wait()
        return await super().entry(instance_id, hash=hash, wait_s=wait_s)


@pytest.mark.parametrize("stop_s", [0.2, 1.2])
async def test_a_registry_that_does_not_answer_holds_up_nobody_who_leaves(
    observer: RecordingObserver, stop_s: float
) -> None:
    registry, clock = Mute(), FakeClock()
    async with hosted(web.Application(), registry, observer, clock, stop_s=stop_s) as one:
        registry.mute = True
        one.leave.set()
        await clock.advance(stop_s)
        await one.gone
    assert [event.state for event in observer.told(StateChanged)] == ["ready", "draining", "stopped"]
    assert len(observer.told(Deregistered)) == 1


async def hangs(app: web.Application) -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize("signal", ["on_shutdown", "on_cleanup", "cleanup_ctx"])
async def test_an_application_that_does_not_end_is_cut_off_within_stop_s(
    registry: FakeRegistry, observer: RecordingObserver, signal: str, caplog: pytest.LogCaptureFixture
) -> None:
    ended: list[str] = []

    async def database(app: web.Application) -> AsyncIterator[None]:
        yield
        if signal == "cleanup_ctx":
            await hangs(app)
        ended.append("database")

    app, clock = an_app(ok=ok), FakeClock()
    app.cleanup_ctx.append(database)
    if signal != "cleanup_ctx":
        getattr(app, signal).append(hangs)
    async with hosted(app, registry, observer, clock, stop_s=20) as one:
        one.leave.set()
        await observer.until(lambda: bool(observer.told(Deregistered)))
        await clock.settle()
        await clock.advance(18.9)
        await clock.advance(1)
        await asyncio.wait([one.gone], timeout=5)
        assert one.gone.done()
        await one.gone
    assert "of the application did not end in the" in caplog.text
    assert ended == (["database"] if signal != "cleanup_ctx" else []), "and the others have their turn"
    assert not other_tasks()


async def test_what_an_application_fails_with_at_its_end_is_told(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    async def broken(app: web.Application) -> None:
        raise TimeoutError("the database")

    app = an_app(ok=ok)
    app.on_cleanup.append(broken)
    with pytest.raises(TimeoutError, match="the database"):
        async with up(app, registry, observer):
            pass


async def test_leaving_can_be_cancelled(observer: RecordingObserver) -> None:
    registry, clock = Mute(), FakeClock()
    async with hosted(web.Application(), registry, observer, clock) as one:
        registry.mute = True
        one.leave.set()
        await clock.settle()
        one.gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await one.gone
    assert not other_tasks()
