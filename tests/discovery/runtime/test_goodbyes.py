"""Websockets that are open when a server leaves are closed with a word, in time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import aiohttp
import pytest
from aiohttp import WSCloseCode, WSMsgType, web

import discovery
from discovery import wire
from discovery.observer import NULL, Observer, Registered
from discovery.policy.farewell import moments
from discovery.runtime import context
from discovery.runtime.goodbyes import Goodbyes
from discovery.testing.clock import FakeClock
from discovery.testing.observer import RecordingObserver, RequestEnd
from discovery.testing.registry import FakeRegistry
from tests.discovery.runtime.support import Up, an_app, other_tasks, up


async def echo(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        await socket.send_str(message.data)
    return socket


async def deaf(request: web.Request) -> web.WebSocketResponse:
    """Never looks at what its client says."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await request.app[discovery.LEAVING].wait()
    await asyncio.Event().wait()
    return socket


@pytest.mark.parametrize("observed", [True, False])
async def test_an_open_websocket_is_closed_with_going_away(
    registry: FakeRegistry, observer: RecordingObserver, observed: bool
) -> None:
    async with aiohttp.ClientSession() as session:
        async with up(an_app(echo=echo), registry, observer if observed else NULL, stop_s=60) as one:
            socket = await session.ws_connect(f"http://{one.server.instance.address}/echo")
            await socket.send_str("hello")
            assert (await socket.receive()).data == "hello"
        said = await socket.receive()
        assert (said.type, said.data, said.extra) == (WSMsgType.CLOSE, WSCloseCode.GOING_AWAY, "going away")
    assert observer.unsettled() == []


async def test_a_websocket_whose_handler_does_not_listen_is_closed_too(registry: FakeRegistry) -> None:
    async with aiohttp.ClientSession() as session:
        async with up(an_app(deaf=deaf), registry, stop_s=0.4) as one:
            socket = await session.ws_connect(f"http://{one.server.instance.address}/deaf")
        assert (await socket.receive()).data == WSCloseCode.GOING_AWAY
    assert not other_tasks()


async def test_a_websocket_that_opens_while_the_server_leaves_is_closed_at_once(registry: FakeRegistry) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def late(request: web.Request) -> web.StreamResponse:
        asked.set()
        await go_on.wait()
        return await echo(request)

    async with aiohttp.ClientSession() as session:
        app = an_app(late=late)
        async with up(app, registry, stop_s=60) as one:
            opening = asyncio.create_task(session.ws_connect(f"http://{one.server.instance.address}/late"))
            await asked.wait()

            async def wait_until_leaving() -> None:
                await app[discovery.LEAVING].wait()
                go_on.set()

            waiting = asyncio.create_task(wait_until_leaving())
        await waiting
        socket = await opening
        assert (await socket.receive()).data == WSCloseCode.GOING_AWAY


@asynccontextmanager
async def leaving(
    app: web.Application, registry: FakeRegistry, observer: Observer = NULL, **settings: Any
) -> AsyncIterator[tuple[Up, FakeClock, asyncio.Event]]:
    """A server that has an own clock, and leaves when the event is set."""
    clock, serving, leave = FakeClock(), asyncio.Event(), asyncio.Event()
    ups: list[Up] = []

    async def serve() -> None:
        async with up(app, registry, observer, clock, **settings) as one:
            ups.append(one)
            serving.set()
            await leave.wait()

    task = asyncio.create_task(serve())
    await serving.wait()
    try:
        yield ups[0], clock, leave
    finally:
        leave.set()
        while not task.done():
            await clock.advance(1.0)
        await task


class Closed:
    """Remembers when it was closed, and takes no time for it."""

    def __init__(self, clock: FakeClock, moments: list[float]) -> None:
        self._clock = clock
        self._moments = moments

    async def close(self, *, code: int, message: bytes) -> None:
        assert (code, message) == (WSCloseCode.GOING_AWAY, b"going away")
        self._moments.append(self._clock.now())


async def test_they_are_told_one_after_the_other_and_the_rest_at_the_end() -> None:
    clock, told = FakeClock(0.0), list[float]()
    goodbyes = Goodbyes(clock, Random(1))
    sockets: list[Any] = [Closed(clock, told) for _ in range(10)]
    for socket in sockets:
        goodbyes.opening(socket)
    await clock.settle()
    assert told == []
    goodbyes.begin(20.0)
    await clock.advance(12.0)
    assert told == pytest.approx([at for at in moments(10, 20.0, Random(1)) if at <= 12.0])
    so_far = len(told)
    late: Any = Closed(clock, told)
    goodbyes.opening(late)
    await clock.settle()
    assert told[so_far:] == [12.0], "one that opens meanwhile is told at once"
    goodbyes.say()
    await goodbyes.said(1.0)
    # aiohttp's own lets itself be closed twice.
    assert told[so_far:] == [12.0] * (1 + len(sockets) + 1)
    assert not other_tasks()


async def test_they_are_closed_while_the_server_drains(registry: FakeRegistry) -> None:
    async with (
        aiohttp.ClientSession() as session,
        leaving(an_app(echo=echo), registry, drain_s=10.0, stop_s=60.0) as (one, clock, leave),
    ):
        url = f"http://{one.server.instance.address}/echo"
        sockets = [await session.ws_connect(url) for _ in range(3)]
        leave.set()
        told = asyncio.gather(*[socket.receive() for socket in sockets])
        while not told.done():
            await clock.advance(0.1)
        assert [message.data for message in await told] == [WSCloseCode.GOING_AWAY] * 3


async def test_nobody_opens_one_while_the_server_drains_and_all_else_is_served(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    async def ok(request: web.Request) -> web.Response:
        return web.Response()

    app = an_app(echo=echo, ok=ok)
    async with leaving(app, registry, observer, drain_s=5.0, stop_s=20.0) as (one, _, leave):
        await observer.until(lambda: bool(observer.told(Registered)))
        leave.set()
        await app[discovery.LEAVING].wait()
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await one.session.ws_connect(f"http://{one.server.instance.address}/echo")
        assert caught.value.headers is not None
        assert (caught.value.status, caught.value.headers[wire.NACK]) == (503, wire.NACK_REFUSED)
        async with one.get("/ok", headers={"Accept": "text/event-stream"}) as response:
            assert (response.status, response.headers[wire.NACK]) == (503, wire.NACK_REFUSED)
        async with one.get("/ok") as response:
            assert response.status == 200


async def test_an_application_may_end_its_websockets_itself(registry: FakeRegistry) -> None:
    async def polite(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await request.app[discovery.LEAVING].wait()
        await socket.send_str("see you elsewhere")
        await socket.close(code=WSCloseCode.SERVICE_RESTART)
        return socket

    async with (
        aiohttp.ClientSession() as session,
        leaving(an_app(polite=polite), registry, drain_s=5.0, stop_s=20.0) as (one, _, leave),
        session.ws_connect(f"http://{one.server.instance.address}/polite") as socket,
    ):
        leave.set()
        assert (await socket.receive()).data == "see you elsewhere"
        assert (await socket.receive()).data == WSCloseCode.SERVICE_RESTART


async def test_a_handler_whose_websocket_was_closed_cleans_up_in_peace(registry: FakeRegistry) -> None:
    cleaned = asyncio.Event()

    async def careful(request: web.Request) -> web.WebSocketResponse:
        socket = await echo(request)
        while request.transport is not None:
            await FakeClock().settle()
        await FakeClock().settle()  # whoever wanted to end it has done so now
        cleaned.set()
        return socket

    async with up(an_app(careful=careful), registry) as one:
        async with one.session.ws_connect(f"http://{one.server.instance.address}/careful") as socket:
            await socket.send_str("hello")
            assert (await socket.receive()).data == "hello"
        async with asyncio.timeout(10):
            await cleaned.wait()


async def test_a_handler_whose_client_vanished_is_ended(registry: FakeRegistry) -> None:
    ended = asyncio.Event()

    async def busy(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return socket

    async with up(an_app(busy=busy), registry) as one, aiohttp.ClientSession() as session:
        socket = await session.ws_connect(f"http://{one.server.instance.address}/busy")
        assert socket._response.connection is not None
        transport = socket._response.connection.transport
        assert transport is not None
        transport.abort()
        async with asyncio.timeout(10):
            await ended.wait()
    assert not other_tasks()


async def test_the_deadline_of_a_handshake_is_not_that_of_what_it_opened(registry: FakeRegistry) -> None:
    deadlines: list[float | None] = []

    async def noting(request: web.Request) -> web.WebSocketResponse:
        work = context.current.get()
        assert work is not None
        deadlines.append(work.deadline_at)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        deadlines.append(work.deadline_at)
        async for message in socket:
            await socket.send_str(message.data)
        return socket

    async with leaving(an_app(noting=noting), registry) as (one, clock, _):
        url, headers = f"http://{one.server.instance.address}/noting", {wire.DEADLINE: "3000"}
        async with one.session.ws_connect(url, headers=headers) as socket:
            await clock.advance(1000.0)
            await socket.send_str("hello")
            assert (await socket.receive()).data == "hello"
    assert deadlines == [1003.0, None]


async def test_the_request_is_over_with_the_handshake(registry: FakeRegistry, observer: RecordingObserver) -> None:
    async def fails(request: web.Request) -> web.WebSocketResponse:
        await echo(request)
        raise ZeroDivisionError

    async with (
        up(an_app(fails=fails), registry, observer) as one,
        one.session.ws_connect(f"http://{one.server.instance.address}/fails") as socket,
    ):
        await socket.send_str("hello")
        assert (await socket.receive()).data == "hello"
        (request,) = observer.requests
        assert request.ends == [RequestEnd(101, "/fails", "", None)]
    assert request.ends == [RequestEnd(101, "/fails", "", None)]


@pytest.mark.parametrize(("kind", "over"), [("text/event-stream", True), ("text/csv", False)])
async def test_a_stream_of_events_is_over_with_its_head_and_any_other_with_its_end(
    registry: FakeRegistry, observer: RecordingObserver, kind: str, over: bool
) -> None:
    async def streaming(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": kind})
        await response.prepare(request)
        await response.write(b"data: 1\n\n")
        await request.app[discovery.LEAVING].wait()
        return response

    async with aiohttp.ClientSession() as session:
        async with up(an_app(streaming=streaming), registry, observer) as one:
            response = await session.get(f"http://{one.server.instance.address}/streaming")
            assert await response.content.readany() == b"data: 1\n\n"
            (request,) = observer.requests
            ended = [RequestEnd(200, "/streaming", "", None)]
            assert request.ends == (ended if over else [])
        assert await response.content.readany() == b""
    assert request.ends == ended


@pytest.mark.parametrize("status", [400, 426])
async def test_a_handshake_that_the_server_refuses_is_told_as_that(
    registry: FakeRegistry, observer: RecordingObserver, status: int
) -> None:
    async def refuses(request: web.Request) -> web.StreamResponse:
        return await echo(request) if status == 400 else web.Response(status=426)

    async with up(an_app(refuses=refuses), registry, observer) as one, one.get("/refuses") as response:
        assert response.status == status
    assert [end.status for request in observer.requests for end in request.ends] == [status]


async def test_a_websocket_says_which_process_it_is_to(registry: FakeRegistry) -> None:
    async with (
        up(an_app(echo=echo), registry) as one,
        one.session.ws_connect(f"http://{one.server.instance.address}/echo") as socket,
    ):
        assert socket._response.headers[wire.INSTANCE] == one.server.instance.id
        assert socket._response.headers["Connection"].lower() == "upgrade"
