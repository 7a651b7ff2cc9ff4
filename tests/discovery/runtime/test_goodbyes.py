"""Websockets that are open when a server leaves are closed with a word, in time."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from aiohttp import WSCloseCode, WSMsgType, web

import discovery
from discovery import wire
from discovery.observer import NULL
from discovery.testing.observer import RecordingObserver
from discovery.testing.registry import FakeRegistry
from tests.discovery.runtime.support import an_app, other_tasks, up


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


async def test_a_websocket_says_which_process_it_is_to(registry: FakeRegistry) -> None:
    async with (
        up(an_app(echo=echo), registry) as one,
        one.session.ws_connect(f"http://{one.server.instance.address}/echo") as socket,
    ):
        assert socket._response.headers[wire.INSTANCE] == one.server.instance.id
        assert socket._response.headers["Connection"].lower() == "upgrade"
