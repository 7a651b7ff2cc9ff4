"""Websockets through the gateway, both ways and to every kind of end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import WSCloseCode, WSMessage, WSMsgType, web

import discovery
from services.gateway import frames, tunnel
from tests.services.gateway.doors import build
from tests.services.support import Client, Echo, behind, instance, saying, served

HANDSHAKE = (
    b"GET /api/chat HTTP/1.1\r\nHost: gw\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


class Chat:
    """Says back what it is told, and remembers how it was asked and what it heard."""

    def __init__(self, **options: Any) -> None:
        self.requests: list[web.BaseRequest] = []
        self.heard: list[WSMessage] = []
        self.sockets: list[web.WebSocketResponse] = []
        self.over = asyncio.Event()
        self._options = options

    async def __call__(self, request: web.BaseRequest) -> web.WebSocketResponse:
        self.requests.append(request)
        socket = web.WebSocketResponse(**self._options)
        await socket.prepare(request)
        self.sockets.append(socket)
        try:
            while not socket.closed:
                message = await socket.receive()
                self.heard.append(message)
                await self.answer(socket, message)
        finally:
            self.over.set()
        return socket

    async def answer(self, socket: web.WebSocketResponse, message: WSMessage) -> None:
        if message.type is WSMsgType.TEXT:
            await socket.send_str(message.data)
        elif message.type is WSMsgType.BINARY:
            await socket.send_bytes(message.data)

    async def ended(self) -> None:
        async with asyncio.timeout(10):
            await self.over.wait()


@asynccontextmanager
async def through(
    registry: discovery.StaticRegistry, chat: Any, path: str = "/api/chat", **options: Any
) -> AsyncIterator[tuple[Client, aiohttp.ClientWebSocketResponse]]:
    async with (
        behind(registry, "chat", chat),
        served(build(), "gateway", registry, edge=True) as client,
        client.session.ws_connect(f"http://{client.address}{path}", **options) as socket,
    ):
        yield client, socket


def in_flight(client: Client, service: str = "chat") -> int:
    return client.server.mesh.directory(service).room.taken


async def test_messages_go_both_ways(registry: discovery.StaticRegistry) -> None:
    chat = Chat()
    async with through(registry, chat, "/api/chat/rooms/1?since=3") as (client, socket):
        await socket.send_str("grüezi")
        await socket.send_bytes(b"\x00\xff")
        assert (await socket.receive()).data == "grüezi"
        assert (await socket.receive()).data == b"\x00\xff"
        await chat.sockets[0].send_str("unasked")
        assert (await socket.receive()).data == "unasked"
        assert in_flight(client) == 1
        assert chat.requests[0].path_qs == "/chat/rooms/1?since=3"
    await chat.ended()


async def test_many_messages_keep_their_order(registry: discovery.StaticRegistry) -> None:
    async with through(registry, Chat()) as (_, socket):

        async def say() -> None:
            for number in range(2000):
                await socket.send_str(str(number))

        saying_all = asyncio.create_task(say())
        assert [(await socket.receive()).data for _ in range(2000)] == [str(number) for number in range(2000)]
        await saying_all


async def test_who_cannot_be_reached_is_passed_by(registry: discovery.StaticRegistry) -> None:
    async with behind(registry, "chat", Chat()) as alive:
        registry.replace("chat", [instance("chat", 1), *alive])
        async with served(build(), "gateway", registry) as client:
            for _ in range(8):
                async with client.session.ws_connect(f"http://{client.address}/api/chat") as socket:
                    await socket.send_str("hello")
                    assert (await socket.receive()).data == "hello"


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (1001, "bye"), (3999, "wörtlich"), (4242, "")])
async def test_the_close_of_a_client_comes_to_the_service(
    registry: discovery.StaticRegistry, code: int, reason: str
) -> None:
    chat = Chat()
    async with through(registry, chat) as (client, socket):
        await socket.close(code=code, message=reason.encode())
        await chat.ended()
        (said,) = [message for message in chat.heard if message.type is WSMsgType.CLOSE]
        assert (said.data, said.extra) == (code, reason)
        while in_flight(client):
            await chat.ended()
            await client("GET", "/api")


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (1001, "going away"), (1011, "wörtlich"), (4242, "")])
async def test_the_close_of_a_service_comes_to_the_client(
    registry: discovery.StaticRegistry, code: int, reason: str
) -> None:
    chat = Chat()
    async with through(registry, chat) as (_, socket):
        closing = asyncio.create_task(chat.sockets[0].close(code=code, message=reason.encode()))
        said = await socket.receive()
        assert (said.type, said.data, said.extra) == (WSMsgType.CLOSE, code, reason)
        await closing
        assert chat.sockets[0].close_code == WSCloseCode.OK, "and the answer of the client to the service"


async def test_who_closes_without_a_code_is_passed_on_so(registry: discovery.StaticRegistry) -> None:
    chat = Chat()
    async with through(registry, chat) as (_, socket):
        await socket.send_frame(b"", WSMsgType.CLOSE)
        await chat.ended()
        assert (chat.heard[0].type, chat.heard[0].data) == (WSMsgType.CLOSE, 0)
        assert (await socket.receive()).type is WSMsgType.CLOSE


async def test_who_has_closed_hears_what_is_still_said(registry: discovery.StaticRegistry) -> None:
    class Talks(Chat):
        async def answer(self, socket: web.WebSocketResponse, message: WSMessage) -> None:
            if message.type is WSMsgType.CLOSE:
                await socket.send_str("one thing more")
                await socket.close(code=4001)

    chat = Talks(autoclose=False)
    async with through(registry, chat, autoclose=False) as (_, socket):
        await socket.send_frame((4000).to_bytes(2, "big"), WSMsgType.CLOSE)
        assert (await socket.receive()).data == "one thing more"
        assert (await socket.receive()).data == 4001


async def test_a_service_that_does_not_answer_a_close_is_not_waited_for(
    registry: discovery.StaticRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[WSMessage] = []

    async def silent(request: web.BaseRequest) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(autoclose=False)
        await socket.prepare(request)
        heard.append(await socket.receive())
        await asyncio.Event().wait()
        return socket

    monkeypatch.setattr(frames, "CLOSE_S", 0.05)
    monkeypatch.setattr(tunnel, "CLOSE_S", 0.05)
    async with through(registry, silent, autoclose=False) as (client, socket):
        await socket.send_frame((4000).to_bytes(2, "big"), WSMsgType.CLOSE)
        assert (await socket.receive()).type is WSMsgType.CLOSE
        assert [message.data for message in heard] == [4000]
        while in_flight(client):
            await client("GET", "/api")


async def test_pings_and_pongs_are_passed_on(registry: discovery.StaticRegistry) -> None:
    chat = Chat(autoping=False)
    async with through(registry, chat, autoping=False) as (_, socket):
        await socket.ping(b"there?")
        await socket.send_str("hello")
        assert (await socket.receive()).data == "hello"
        assert (chat.heard[0].type, chat.heard[0].data) == (WSMsgType.PING, b"there?")
        await chat.sockets[0].pong(b"here")
        answer = await socket.receive()
        assert (answer.type, answer.data) == (WSMsgType.PONG, b"here")


async def test_the_protocol_that_the_service_chooses_is_the_clients(registry: discovery.StaticRegistry) -> None:
    chat = Chat(protocols=["v2", "v3"])
    async with through(registry, chat, protocols=["v1", "v2"]) as (_, socket):
        assert socket.protocol == "v2"
    assert chat.requests[0].headers["Sec-WebSocket-Protocol"] == "v1,v2"


async def test_a_service_that_chooses_no_protocol_gets_none_through(registry: discovery.StaticRegistry) -> None:
    async with through(registry, Chat(), protocols=["v1"]) as (_, socket):
        assert socket.protocol is None


async def test_safe_headers_pass_and_no_others(registry: discovery.StaticRegistry) -> None:
    chat = Chat()
    said = {"X-Said": "yes", "Cookie": "a=b", "Mesh-Priority": "high", "X-Forwarded-For": "1.2.3.4", "Mesh_Nack": "x"}
    async with through(registry, chat, headers={**said, "Authorization": "Bearer t"}, compress=15) as (client, socket):
        headers = chat.requests[0].headers
        assert (headers["X-Said"], headers["Authorization"]) == ("yes", "Bearer t")
        assert headers["X-Forwarded-For"] == "127.0.0.1"
        assert headers["X-Forwarded-Host"] == client.address
        assert not {"Cookie", "Mesh-Priority", "Mesh_Nack", "Sec-WebSocket-Extensions"} & headers.keys()
        assert len(headers.getall("Sec-WebSocket-Key")) == len(headers.getall("Sec-WebSocket-Version")) == 1
        assert socket.compress == 0
        shown = socket._response.headers
        assert not [name for name in shown if name.lower().startswith(("mesh-", "server"))]


async def test_the_shop_sees_its_cookies(registry: discovery.StaticRegistry) -> None:
    chat = Chat()
    async with (
        behind(registry, "marketplace", chat),
        served(build(), "gateway", registry) as client,
        client.session.ws_connect(f"http://{client.address}/live", headers={"Cookie": "a=b"}) as socket,
    ):
        await socket.send_str("hello")
        assert (await socket.receive()).data == "hello"
        assert (chat.requests[0].path, chat.requests[0].headers["Cookie"]) == ("/live", "a=b")


@pytest.mark.parametrize("origin", [None, "http://{}", "https://{}"])
async def test_pages_of_this_origin_and_programs_may_open_one(
    registry: discovery.StaticRegistry, origin: str | None
) -> None:
    async with behind(registry, "chat", Chat()), served(build(), "gateway", registry) as client:
        said = {} if origin is None else {"Origin": origin.format(client.address)}
        async with client.session.ws_connect(f"http://{client.address}/api/chat", headers=said):
            pass


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "", "http://{}.evil.example", "http://evil@{}", "{}"]
)
async def test_pages_of_another_origin_open_none(registry: discovery.StaticRegistry, origin: str) -> None:
    chat = Chat()
    async with behind(registry, "chat", chat), served(build(), "gateway", registry) as client:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await client.session.ws_connect(
                f"http://{client.address}/api/chat", headers={"Origin": origin.format(client.address)}
            )
    assert (caught.value.status, chat.requests) == (403, [])


@pytest.mark.parametrize("status", [200, 302, 401, 404, 500])
async def test_a_refusal_of_the_service_is_told_in_its_words(registry: discovery.StaticRegistry, status: int) -> None:
    async def refuses(request: web.BaseRequest) -> web.Response:
        secret = {"Mesh-X": "1", "Server": "x", "Location": "http://10.0.0.1/"}
        return web.Response(status=status, text="no, because", headers={"WWW-Authenticate": "Basic", **secret})

    async with behind(registry, "chat", refuses), served(build(), "gateway", registry) as client:
        answer = await client.raw(HANDSHAKE + b"\r\nGET /api HTTP/1.1\r\nHost: gw\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert body == b"no, because", "and nothing that was sent behind it is answered"
    assert b"WWW-Authenticate: Basic" in head
    assert not any(name in head for name in (b"Mesh-X", b"Server:", b"Location", b"10.0.0.1"))


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ((b"/api/chat", b"/api/nobody"), b"404"),
        ((b"/api/chat", b"/"), b"503"),
        ((b"/api/chat", b"/api//chat"), b"400"),
        ((b"Version: 13", b"Version: 12"), b"426"),
        ((b"\r\nUpgrade", b"\r\nOrigin: http://evil.example\r\nUpgrade"), b"403"),
    ],
)
async def test_what_is_sent_behind_a_handshake_that_we_refuse_is_not_read(
    registry: discovery.StaticRegistry, changed: tuple[bytes, bytes], status: bytes
) -> None:
    async with behind(registry, "chat", Chat()), served(build(), "gateway", registry) as client:
        answer = await client.raw(HANDSHAKE.replace(*changed) + b"\r\nGET /api HTTP/1.1\r\nHost: gw\r\n\r\n")
    assert answer.split()[1] == status
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"Connection: close" in answer


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (b"HTTP/1.1 101 Sure\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n", 502),
        (b"HTTP/1.1 101 Sure\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nworse", 502),
        (b"not HTTP\r\n\r\n", 502),
    ],
)
async def test_a_service_that_cannot_shake_hands_is_a_502(
    registry: discovery.StaticRegistry, words: bytes, status: int
) -> None:
    async with saying(registry, "chat", words), served(build(), "gateway", registry) as client:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await client.session.ws_connect(f"http://{client.address}/api/chat")
    assert caught.value.status == status


async def test_nobody_and_nothing_public_are_told_like_any_request(registry: discovery.StaticRegistry) -> None:
    registry.replace("empty", [])
    async with (
        behind(registry, "secret", Chat()),
        served(build(), "gateway", registry) as client,
    ):
        for path, status in [("/api/secret", 404), ("/api/nobody", 404), ("/", 503)]:
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await client.session.ws_connect(f"http://{client.address}{path}")
            assert caught.value.status == status


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ((b"Version: 13", b"Version: 12"), b"426"),
        ((b"Version: 13", b"Version: 8"), b"426"),
        ((b"dGhlIHNhbXBsZSBub25jZQ==", b"short"), b"400"),
        ((b"dGhlIHNhbXBsZSBub25jZQ==", b"dGhlIHNhbXBsZSBub25jZ\xff=="), b"400"),
        ((b"dGhlIHNhbXBsZSBub25jZQ==", b"dGhlIHNhbXBs\xc3\xa9ub25jZQ=="), b"400"),
        ((b"dGhlIHNhbXBsZSBub25jZQ==", b"dGhlIHNhbXBsZSBub25jZQ!=="), b"400"),
        ((b"Sec-WebSocket-Key", b"X-Key"), b"400"),
        ((b"\r\nUpgrade", b"\r\nContent-Length: 5\r\nUpgrade"), b"400"),
        ((b"\r\nUpgrade", b"\r\nTransfer-Encoding: chunked\r\nUpgrade"), b"400"),
        ((b"\r\nUpgrade", b"\r\nSec-WebSocket-Protocol: a b\r\nUpgrade"), b"400"),
        ((b"\r\nUpgrade", b"\r\nSec-WebSocket-Protocol: \r\nUpgrade"), b"101"),
        ((b"\r\nUpgrade", b"\r\nSec-WebSocket-Protocol: a,,b\r\nUpgrade"), b"400"),
    ],
)
async def test_what_is_no_handshake_is_refused(
    registry: discovery.StaticRegistry, changed: tuple[bytes, bytes], status: bytes
) -> None:
    chat = Chat()
    async with behind(registry, "chat", chat), served(build(), "gateway", registry) as client:
        close = b"\x88\x80\0\0\0\0"
        answer = await client.raw(HANDSHAKE.replace(*changed) + b"\r\n" + close)
    assert answer.split()[1] == status
    assert bool(chat.requests) == (status == b"101")


@pytest.mark.parametrize(
    "changed",
    [
        (b"Upgrade: websocket", b"Upgrade: h2c"),
        (b"Upgrade: websocket", b"Upgrade: websocket, h2c"),
        (b"Connection: Upgrade", b"Connection: close"),
        (b"GET /api/chat HTTP/1.1", b"POST /api/chat HTTP/1.1"),
        (b"GET /api/chat HTTP/1.1", b"GET /api/chat HTTP/1.0"),
    ],
)
async def test_any_other_upgrade_is_left_out_on_the_way(
    registry: discovery.StaticRegistry, changed: tuple[bytes, bytes]
) -> None:
    echo = Echo()
    async with behind(registry, "chat", echo), served(build(), "gateway", registry) as client:
        request = HANDSHAKE.replace(*changed).replace(b"Host: gw", b"Host: gw\r\nConnection: close")
        answer = await client.raw(request + b"\r\n")
    assert answer.split()[1] == b"200"
    assert not {"Upgrade", "Connection"} & {name for name in echo.requests[0].headers if name == "Upgrade"}


async def test_a_client_that_vanishes_is_told_to_the_service(registry: discovery.StaticRegistry) -> None:
    chat = Chat()
    async with through(registry, chat) as (client, socket):
        await socket.send_str("hello")
        await socket.receive()
        assert socket._response.connection is not None
        transport = socket._response.connection.transport
        assert transport is not None
        transport.abort()
        await chat.ended()
        assert chat.sockets[0].close_code == WSCloseCode.GOING_AWAY
        async with client.session.ws_connect(f"http://{client.address}/api/chat") as another:
            await another.send_str("hello")
            assert (await another.receive()).data == "hello"


async def test_a_service_that_vanishes_is_told_to_the_client(registry: discovery.StaticRegistry) -> None:
    chat = Chat()
    async with through(registry, chat) as (client, socket):
        await socket.send_str("hello")
        await socket.receive()
        transport = chat.requests[0].transport
        assert transport is not None
        transport.abort()
        said = await socket.receive()
        assert (said.type, said.data) == (WSMsgType.CLOSE, WSCloseCode.BAD_GATEWAY)
        assert in_flight(client) == 0


async def test_a_message_of_a_client_that_is_too_long_ends_it(registry: discovery.StaticRegistry) -> None:
    chat = Chat()
    async with through(registry, chat) as (_, socket):
        await socket.send_bytes(bytes(tunnel.MESSAGE_BYTES - 1))
        await chat_heard(chat, 1)
        await socket.send_bytes(bytes(tunnel.MESSAGE_BYTES + 1))
        while (said := await socket.receive()).type is WSMsgType.BINARY:
            pass
        assert (said.type, said.data) == (WSMsgType.CLOSE, WSCloseCode.MESSAGE_TOO_BIG)
        await chat.ended()
        assert len([message for message in chat.heard if message.type is WSMsgType.BINARY]) == 1
        assert chat.sockets[0].close_code == WSCloseCode.GOING_AWAY


async def chat_heard(chat: Chat, count: int) -> None:
    clock = discovery.Surroundings().clock
    while len(chat.heard) < count:
        await clock.sleep(0)


async def test_a_message_of_a_service_that_is_too_long_ends_it(registry: discovery.StaticRegistry) -> None:
    chat = Chat()
    async with through(registry, chat) as (_, socket):
        await chat.sockets[0].send_bytes(bytes(tunnel.MESSAGE_BYTES + 1))
        said = await socket.receive()
        assert (said.type, said.data) == (WSMsgType.CLOSE, WSCloseCode.BAD_GATEWAY)
        await chat.ended()
        assert chat.sockets[0].close_code == WSCloseCode.MESSAGE_TOO_BIG


def buffers() -> int:
    """The most bytes that this system holds of one connection, at both of its ends."""
    files = (Path("/proc/sys/net/ipv4", name).read_text(encoding="ascii") for name in ("tcp_rmem", "tcp_wmem"))
    return sum(int(file.split()[2]) for file in files)


class Floods(Chat):
    """Sends for as long as somebody takes it."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = 0

    async def __call__(self, request: web.BaseRequest) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        try:
            while True:
                await socket.send_bytes(bytes(64 * 1024))
                self.sent += 1
        finally:
            self.over.set()


async def test_who_does_not_read_is_not_read_for_and_then_cut_off(
    registry: discovery.StaticRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "STALL_S", 0.2)
    monkeypatch.setattr(tunnel, "CLOSE_S", 0.05)
    floods = Floods()
    async with behind(registry, "chat", floods), served(build(), "gateway", registry) as client:
        reader, writer = await asyncio.open_connection(client.server.instance.host, client.server.instance.port)
        writer.write(HANDSHAKE + b"\r\n")
        await reader.readuntil(b"\r\n\r\n")
        await floods.ended()
        # What the system's buffers of three connections may hold, and a little in ours.
        assert floods.sent * 64 * 1024 < 3 * buffers() + 4_000_000
        writer.close()
        while client.server.mesh.directory("chat").room.taken:
            await client("GET", "/api")


async def test_so_many_may_be_open_and_no_more(
    registry: discovery.StaticRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tunnel, "MOST_OPEN", 2)
    async with through(registry, Chat()) as (client, one):
        url = f"http://{client.address}/api/chat"
        async with client.session.ws_connect(url):
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await client.session.ws_connect(url)
            assert (caught.value.status, caught.value.headers and caught.value.headers["Retry-After"]) == (503, "5")
            assert (await client("GET", "/api")).status == 200
        await one.send_str("hello")
        assert (await one.receive()).data == "hello"


async def test_they_are_told_when_the_gateway_leaves(registry: discovery.StaticRegistry) -> None:
    chat = Chat()
    async with aiohttp.ClientSession() as session, behind(registry, "chat", chat):
        async with served(build(), "gateway", registry) as client:
            socket = await session.ws_connect(f"http://{client.address}/api/chat")
            await socket.send_str("hello")
            assert (await socket.receive()).data == "hello"
        said = await socket.receive()
        assert (said.type, said.data) == (WSMsgType.CLOSE, WSCloseCode.GOING_AWAY)
        await chat.ended()
        assert chat.sockets[0].close_code == WSCloseCode.GOING_AWAY
