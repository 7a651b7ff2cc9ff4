"""Websockets: the handshake is a call, and what it opens is counted until it is closed or lost."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from random import Random
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType, web

import discovery
from discovery import wire
from discovery.call_errors import CallFailed, DeadlineExceeded, HandshakeRefused, NoInstances, Overflow
from discovery.clock import SystemClock
from discovery.live_settings import LiveSettings
from discovery.model import Outcome
from discovery.observer import Ejected
from discovery.runtime import sockets
from discovery.runtime.mesh import Mesh
from discovery.runtime.surroundings import Surroundings
from discovery.testing.clock import FakeClock
from discovery.testing.observer import RecordingObserver
from discovery.testing.peer import peer
from discovery.testing.registry import FakeRegistry
from discovery.testing.servers import Wire, misbehaving, never_answers
from tests.discovery.runtime.cutting import Scene, cut_everywhere, missed
from tests.discovery.runtime.failing import Failing, answers, dead, nacks
from tests.discovery.runtime.support import (
    NoWaiting,
    a_mesh,
    busy_connections,
    enrol,
    in_flight,
    other_tasks,
    outcomes,
)

Opening = Callable[..., AbstractAsyncContextManager[aiohttp.ClientWebSocketResponse]]


async def echo(request: web.BaseRequest) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        await socket.send_str(message.data)
    return socket


@asynccontextmanager
async def by_mesh(mesh: Mesh, path: str = "/", **options: Any) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with mesh.ws_connect(f"http://ports{path}", **options) as socket:
        yield socket


@asynccontextmanager
async def by_service(mesh: Mesh, path: str = "/", **options: Any) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with mesh.service("ports").ws_connect(path, **options) as socket:
        yield socket


@asynccontextmanager
async def by_session(mesh: Mesh, path: str = "/", **options: Any) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with (
        aiohttp.ClientSession(middlewares=[mesh.middleware]) as session,
        session.ws_connect(f"http://ports{path}", **options) as socket,
    ):
        yield socket


OURS: list[Opening] = [by_mesh, by_service]
DOORS: list[Opening] = [*OURS, by_session]
every_door = pytest.mark.parametrize("opened", DOORS)
each_of_ours = pytest.mark.parametrize("opened", OURS)


def nacked(registry: FakeRegistry, id: str) -> AbstractAsyncContextManager[Any]:
    return peer(registry, "ports", nacks(), id=id)


@every_door
async def test_it_is_chosen_once_and_counted_until_it_is_closed(
    registry: FakeRegistry, observer: RecordingObserver, opened: Opening
) -> None:
    async with (
        a_mesh(registry, observer) as mesh,
        peer(registry, "ports", echo, id="a") as one,
        peer(registry, "ports", echo, id="b") as other,
    ):
        async with opened(mesh, "/news?since=3") as socket:
            for word in ("hello", "again"):
                await socket.send_str(word)
                assert (await socket.receive()).data == word
            assert (in_flight(mesh), mesh.directory("ports").room.taken) == ({"a": 1, "b": 0}, 1)
        assert (in_flight(mesh), mesh.directory("ports").room.taken) == ({"a": 0, "b": 0}, 0)
        assert ([got.path for got in one.received], other.received) == (["/news?since=3"], [])
        assert busy_connections(mesh) == 0


@every_door
async def test_those_that_are_open_are_spread_evenly_though_one_handshake_was_slow(
    registry: FakeRegistry, opened: Opening
) -> None:
    config = discovery.MeshConfig(name="tests", connect_timeout_s=10)
    async with (
        peer(registry, "ports", echo, id="a"),
        peer(registry, "ports", echo, id="b"),
        Mesh(config, registry, around=Surroundings(rng=Random(1))) as mesh,
        AsyncExitStack() as stack,
    ):
        await stack.enter_async_context(opened(mesh))
        for endpoint in mesh.directory("ports").plan.candidates:
            endpoint.load.observe(SystemClock().now(), 3.0 if endpoint.instance.id == "a" else 0.001)
        for _ in range(11):
            await stack.enter_async_context(opened(mesh))
        assert in_flight(mesh) == {"a": 6, "b": 6}


@every_door
async def test_its_call_is_over_with_the_handshake(
    registry: FakeRegistry, observer: RecordingObserver, opened: Opening
) -> None:
    async with a_mesh(registry, observer) as mesh, peer(registry, "ports", echo, id="a"):
        async with opened(mesh):
            assert observer.unsettled() == []
            (attempt,) = observer.attempts
            assert (attempt.outcome, attempt.status) == (Outcome.ANSWERED, 101)
            assert attempt.ended_at == observer.calls[0].call.ended_at > attempt.began_at
        assert observer.unsettled() == []
        assert observer.attempts == [attempt]


@pytest.mark.parametrize("url", ["ws://ports/x", "ws://ports:80/x", "WS://Ports/x", "http://ports.service.consul/x"])
async def test_it_may_be_asked_for_by_its_own_scheme(
    registry: FakeRegistry, observer: RecordingObserver, url: str
) -> None:
    async with a_mesh(registry, observer) as mesh, peer(registry, "ports", echo, id="a") as one:
        async with mesh.ws_connect(url):
            assert in_flight(mesh) == {"a": 1}
        async with aiohttp.ClientSession(middlewares=[mesh.middleware]) as session, session.ws_connect(url):
            assert in_flight(mesh) == {"a": 1}
        assert [got.path for got in one.received] == ["/x", "/x"]


async def test_who_has_one_can_ask_where_it_leads(registry: FakeRegistry, observer: RecordingObserver) -> None:
    async with a_mesh(registry, observer) as mesh, peer(registry, "ports", echo, id="a"), by_mesh(mesh) as socket:
        assert [attempt.instance.id for attempt in discovery.attempts(socket)] == ["a"]


async def test_the_awaited_socket_is_the_callers_to_close(registry: FakeRegistry, observer: RecordingObserver) -> None:
    async with a_mesh(registry, observer) as mesh, peer(registry, "ports", echo, id="a"):
        socket = await mesh.ws_connect("http://ports/")
        assert in_flight(mesh) == {"a": 1}
        await socket.close()
        assert in_flight(mesh) == {"a": 0}


async def test_what_a_handshake_says_is_said(registry: FakeRegistry, observer: RecordingObserver) -> None:
    async def handler(request: web.BaseRequest) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=["v2"])
        await socket.prepare(request)
        return socket

    async with a_mesh(registry, observer) as mesh, peer(registry, "ports", handler, id="a") as one:
        options: discovery.SocketOptions = {
            "params": {"x": "1"},
            "headers": {"X-Said": "yes"},
            "origin": "http://here",
            "protocols": ["v1", "v2"],
            "ws_timeout": aiohttp.ClientWSTimeout(ws_close=1.0),
        }
        async with mesh.ws_connect("http://me:secret@ports/y", **options) as socket:
            assert socket.protocol == "v2"
        (got,) = one.received
        assert got.path == "/y?x=1"
        assert (got.headers["X-Said"], got.headers["Origin"], got.headers["Host"]) == ("yes", "http://here", "ports")
        assert got.headers["Authorization"].startswith("Basic ")
        assert wire.DEADLINE in got.headers


@pytest.mark.parametrize("failing", [dead, nacked])
@every_door
async def test_who_cannot_be_reached_or_refuses_before_the_upgrade_is_passed_by(
    registry: FakeRegistry, observer: RecordingObserver, opened: Opening, failing: Failing
) -> None:
    async with (
        failing(registry, "a"),
        peer(registry, "ports", echo, id="b"),
        a_mesh(registry, observer) as mesh,
        opened(mesh) as socket,
    ):
        await socket.send_str("hello")
        assert (await socket.receive()).data == "hello"
        assert in_flight(mesh) == {"a": 0, "b": 1}
        assert len(observer.attempts) == 2


@every_door
async def test_what_was_open_is_never_opened_again(
    registry: FakeRegistry, observer: RecordingObserver, opened: Opening
) -> None:
    async def ends(request: web.BaseRequest) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        assert request.transport is not None
        request.transport.abort()
        return socket

    async with (
        a_mesh(registry, observer) as mesh,
        peer(registry, "ports", ends, id="a") as one,
        peer(registry, "ports", echo, id="b") as other,
    ):
        async with opened(mesh) as socket:
            assert (await socket.receive()).type is WSMsgType.CLOSED
            assert socket.close_code == aiohttp.WSCloseCode.ABNORMAL_CLOSURE
        assert (len(one.received), len(other.received)) == (1, 0)


@pytest.mark.parametrize(("status", "sent"), [(404, 1), (401, 1), (200, 1), (500, 3), (503, 3)])
@each_of_ours
async def test_a_refusal_is_told_with_its_status(
    registry: FakeRegistry, observer: RecordingObserver, opened: Opening, status: int, sent: int
) -> None:
    async with (
        a_mesh(registry, observer) as mesh,
        peer(registry, "ports", answers(status, WWW_Authenticate="Basic"), id="a"),
        peer(registry, "ports", answers(status), id="b"),
        peer(registry, "ports", answers(status), id="c"),
    ):
        with pytest.raises(HandshakeRefused) as caught:
            async with opened(mesh):
                pass
        error = caught.value
        assert (error.status, error.body, len(error.attempts)) == (status, f"said {status}".encode(), sent)
        assert error.headers is not None
        assert status != 401 or error.headers["WWW-Authenticate"] == "Basic"
        assert str(error).startswith(f"ports opened no websocket: it answered {status} ")
        assert isinstance(error, aiohttp.WSServerHandshakeError)
        assert (sum(in_flight(mesh).values()), busy_connections(mesh)) == (0, 0)
        assert observer.unsettled() == []


async def test_the_session_of_somebody_else_tells_a_refusal_in_its_own_way(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    async with a_mesh(registry, observer) as mesh, peer(registry, "ports", answers(404), id="a"):
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            async with by_session(mesh):
                pass
        assert caught.value.status == 404
        assert in_flight(mesh) == {"a": 0}


async def test_a_redirect_is_a_refusal(registry: FakeRegistry, observer: RecordingObserver) -> None:
    async with a_mesh(registry, observer) as mesh, peer(registry, "ports", answers(302, Location="/other")) as one:
        with pytest.raises(HandshakeRefused) as caught:
            await mesh.ws_connect("http://ports/")
        assert caught.value.status == 302
        assert len(one.received) == 1


async def test_of_a_long_refusal_the_beginning_is_kept(registry: FakeRegistry, observer: RecordingObserver) -> None:
    async def long(request: web.BaseRequest) -> web.Response:
        return web.Response(status=403, body=b"x" * 1_000_000)

    async with a_mesh(registry, observer) as mesh, peer(registry, "ports", long, id="a"):
        with pytest.raises(HandshakeRefused) as caught:
            await mesh.ws_connect("http://ports/")
        assert caught.value.body == b"x" * sockets._BODY_BYTES
        assert (in_flight(mesh), busy_connections(mesh)) == ({"a": 0}, 0)


async def cuts(wire: Wire) -> None:
    await wire.request()
    await wire.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 10\r\n\r\nno")


async def switches_wrongly(wire: Wire) -> None:
    await wire.request()
    await wire.write(
        b"HTTP/1.1 101 Sure\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n"
    )
    await wire.closed()


async def switches_to_nothing(wire: Wire) -> None:
    await wire.request()
    await wire.write(b"HTTP/1.1 101 Sure\r\n\r\n")
    await wire.closed()


@pytest.mark.parametrize(("behaviour", "status"), [(cuts, 403), (switches_wrongly, 101), (switches_to_nothing, 101)])
async def test_a_handshake_that_is_none_is_a_refusal(
    registry: FakeRegistry, observer: RecordingObserver, behaviour: Any, status: int
) -> None:
    async with a_mesh(registry, observer) as mesh, misbehaving(behaviour) as server:
        await enrol(registry, "a", server.address)
        with pytest.raises(HandshakeRefused) as caught:
            await mesh.ws_connect("http://ports/")
        assert (caught.value.status, len(caught.value.attempts)) == (status, 1)
        assert (in_flight(mesh), busy_connections(mesh)) == ({"a": 0}, 0)
        assert observer.unsettled() == []


@each_of_ours
async def test_its_time_is_that_of_the_handshake(
    registry: FakeRegistry, observer: RecordingObserver, opened: Opening
) -> None:
    clock = FakeClock()
    async with (
        a_mesh(registry, observer, clock) as mesh,
        peer(registry, "ports", echo, id="a"),
        opened(mesh, timeout=3) as socket,
    ):
        await clock.advance(1000.0)
        await socket.send_str("hello")
        assert (await socket.receive()).data == "hello"


async def test_a_handshake_that_takes_too_long_is_given_up(registry: FakeRegistry, observer: RecordingObserver) -> None:
    clock = FakeClock()
    async with a_mesh(registry, observer, clock) as mesh, misbehaving(never_answers) as server:
        await enrol(registry, "a", server.address)

        async def opened() -> None:
            async with mesh.ws_connect("http://ports/", timeout=3, attempts=1):
                pass

        opening = asyncio.create_task(opened())
        await observer.until(lambda: bool(observer.sent))
        await clock.advance(3.0)
        with pytest.raises(DeadlineExceeded):
            await opening
        assert (in_flight(mesh), busy_connections(mesh)) == ({"a": 0}, 0)


async def test_nobody_is_there(registry: FakeRegistry, observer: RecordingObserver) -> None:
    async with a_mesh(registry, observer) as mesh:
        with pytest.raises(NoInstances):
            await mesh.ws_connect("http://nobody/")


async def test_nobody_can_be_reached(registry: FakeRegistry, observer: RecordingObserver) -> None:
    async with dead(registry, "a"), dead(registry, "b"), a_mesh(registry, observer) as mesh:
        with pytest.raises(CallFailed) as caught:
            await mesh.ws_connect("http://ports/", attempts=2)
        assert {attempt.outcome for attempt in caught.value.attempts} == {Outcome.UNSENT}
        assert not caught.value.unknown


async def test_it_keeps_its_room(registry: FakeRegistry, observer: RecordingObserver) -> None:
    live = LiveSettings(concurrency=1)
    async with a_mesh(registry, observer, live=live) as mesh, peer(registry, "ports", echo, id="a"):
        async with mesh.ws_connect("http://ports/"):
            with pytest.raises(Overflow):
                await mesh.ws_connect("http://ports/", timeout=0.05)
        async with mesh.ws_connect("http://ports/"):
            pass


async def test_two_at_once_share_nothing(registry: FakeRegistry, observer: RecordingObserver) -> None:
    async with (
        a_mesh(registry, observer) as mesh,
        peer(registry, "ports", echo, id="a"),
        aiohttp.ClientSession(middlewares=[mesh.middleware]) as session,
        session.ws_connect("http://ports/") as one,
        session.ws_connect("http://ports/") as other,
    ):
        assert in_flight(mesh) == {"a": 2}
        await asyncio.gather(one.send_str("one"), other.send_str("other"))
        assert [(await one.receive()).data, (await other.receive()).data] == ["one", "other"]
        await one.close()
        assert in_flight(mesh) == {"a": 1}
        await other.send_str("still there")
        assert (await other.receive()).data == "still there"


@asynccontextmanager
async def killed(registry: FakeRegistry, id: str) -> AsyncIterator[Callable[[], None]]:
    """An instance, and what kills it."""
    transports: list[asyncio.BaseTransport] = []

    async def handler(request: web.BaseRequest) -> web.WebSocketResponse:
        assert request.transport is not None
        transports.append(request.transport)
        return await echo(request)

    def kill() -> None:
        for transport in transports:
            assert isinstance(transport, asyncio.WriteTransport)
            transport.abort()

    async with peer(registry, "ports", handler, id=id):
        yield kill


@each_of_ours
async def test_an_instance_that_was_killed_is_not_busy_and_soon_left_out(
    registry: FakeRegistry, observer: RecordingObserver, opened: Opening
) -> None:
    async with (
        a_mesh(registry, observer) as mesh,
        killed(registry, "a") as kill,
        opened(mesh),
        opened(mesh),
        opened(mesh),
        peer(registry, "ports", echo, id="b"),
    ):
        assert in_flight(mesh)["a"] == 3
        kill()
        # Nobody reads: that it was lost is known all the same.
        await observer.until(lambda: bool(observer.told(Ejected)))
        assert in_flight(mesh)["a"] == 0
        assert [(told.instance.id, told.reason) for told in observer.told(Ejected)] == [("a", "broken")]
        async with opened(mesh):
            assert in_flight(mesh)["b"] == 1


async def test_in_the_session_of_somebody_else_it_is_not_busy_either(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    async with (
        a_mesh(registry, observer) as mesh,
        killed(registry, "a") as kill,
        by_session(mesh),
        by_session(mesh),
    ):
        assert in_flight(mesh) == {"a": 2}
        kill()
        while in_flight(mesh)["a"]:
            await FakeClock().settle()


async def test_an_instance_that_closes_and_hangs_up_first_is_not_to_blame(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    async def closes(request: web.BaseRequest) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.receive()
        return socket

    async with (
        a_mesh(registry, observer) as mesh,
        peer(registry, "ports", closes, id="a"),
        peer(registry, "ports", echo),
    ):
        for _ in range(6):
            async with mesh.ws_connect("http://ports/", autoclose=False) as socket:
                await socket.send_frame((1000).to_bytes(2, "big"), WSMsgType.CLOSE)
                assert (await socket.receive()).type is WSMsgType.CLOSE
                while in_flight(mesh)["a"]:
                    await FakeClock().settle()
        assert observer.told(Ejected) == []


@pytest.mark.filterwarnings("ignore:Unclosed connection:ResourceWarning")
async def test_a_socket_that_is_forgotten_is_let_go(registry: FakeRegistry, observer: RecordingObserver) -> None:
    async with a_mesh(registry, observer) as mesh, peer(registry, "ports", echo, id="a"):
        socket = await mesh.ws_connect("http://ports/")
        assert in_flight(mesh) == {"a": 1}
        del socket
        gc.collect()
        assert (in_flight(mesh), busy_connections(mesh), observer.told(Ejected)) == ({"a": 0}, 0, [])


async def test_who_closes_a_session_blames_nobody(registry: FakeRegistry, observer: RecordingObserver) -> None:
    async with (
        a_mesh(registry, observer) as mesh,
        peer(registry, "ports", echo, id="a"),
        peer(registry, "ports", echo, id="b"),
    ):
        session = aiohttp.ClientSession(middlewares=[mesh.middleware])
        for _ in range(4):
            await session.ws_connect("http://ports/")
        await session.close()
        await FakeClock().settle()
        assert (in_flight(mesh), observer.told(Ejected)) == ({"a": 0, "b": 0}, [])


async def test_a_mesh_that_closes_ends_its_sockets_and_blames_nobody(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    async with peer(registry, "ports", echo, id="a"), peer(registry, "ports", echo, id="b"):
        async with a_mesh(registry, observer) as mesh:
            opened = [await mesh.ws_connect("http://ports/") for _ in range(4)]
        for socket in opened:
            assert (await socket.receive()).type is WSMsgType.CLOSED
        assert observer.told(Ejected) == []


async def test_a_message_that_is_too_long_ends_it_with_1009(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    async with a_mesh(registry, observer) as mesh, peer(registry, "ports", echo, id="a"):
        async with mesh.ws_connect("http://ports/", max_msg_size=1000) as socket:
            await socket.send_str("x" * 2000)
            assert (await socket.receive()).type is WSMsgType.ERROR
            assert socket.close_code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG
        assert in_flight(mesh) == {"a": 0}


async def test_other_urls_are_aiohttps_own_affair(registry: FakeRegistry, observer: RecordingObserver) -> None:
    async with a_mesh(registry, observer) as mesh, peer(registry, "ports", echo, id="a") as one:
        async with mesh.ws_connect(f"http://{one.instance.address}/", timeout=3, attempts=2) as socket:
            await socket.send_str("hello")
            assert (await socket.receive()).data == "hello"
        assert outcomes(observer) == []


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"json": {}}, "a call takes no argument 'json'"),
        ({"timeout": aiohttp.ClientTimeout(3)}, "timeout is the seconds of the handshake"),
        ({"timeout": "3"}, "timeout is a number of seconds"),
    ],
)
@pytest.mark.parametrize("url", ["http://ports/", "http://127.0.0.1:1/"])
async def test_what_a_call_cannot_say_is_refused_at_once(
    registry: FakeRegistry, observer: RecordingObserver, options: Any, error: str, url: str
) -> None:
    async with a_mesh(registry, observer) as mesh:
        with pytest.raises(TypeError, match=error):
            await mesh.ws_connect(url, **options)


@asynccontextmanager
async def a_handshake() -> AsyncIterator[Scene]:
    """One answers with 503, the next one with 403 and, later than its head, a lot of text; and the last opens it."""
    registry, observer = FakeRegistry(), RecordingObserver()

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/refused":
            response = web.StreamResponse(status=403)
            await response.prepare(request)
            await FakeClock().settle()
            await response.write(b"x" * 300_000)
            return response
        return await echo(request)

    async def unavailable(request: web.BaseRequest) -> web.Response:
        return web.Response(status=503, body=b"x" * 300_000)

    async def work() -> None:
        with pytest.raises(HandshakeRefused):
            await mesh.ws_connect("http://ports/refused")
        await (await mesh.ws_connect("http://ports/")).close()

    async def check() -> None:
        await FakeClock().settle()
        assert set(in_flight(mesh).values()) <= {0}
        assert busy_connections(mesh) == 0
        assert observer.unsettled() == []

    before = other_tasks()
    async with (
        a_mesh(registry, observer, NoWaiting()) as mesh,
        peer(registry, "ports", unavailable, id="a"),
        peer(registry, "ports", handler, id="b"),
    ):
        yield Scene(work, check)
    assert not other_tasks() - before


async def test_a_handshake_that_is_cancelled_anywhere_leaks_nothing() -> None:
    assert missed(sockets, await cut_everywhere(a_handshake)) == []
