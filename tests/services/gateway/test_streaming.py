"""Bodies on their way through the gateway, in both directions."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import os
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import closing
from io import BytesIO

import aiohttp
import pytest
from aiohttp import web
from aiohttp.typedefs import Handler

import discovery
from services.gateway import relay
from tests.services.gateway.doors import build
from tests.services.support import Echo, behind, instance, saying, served


async def test_a_small_body_is_sent_again_elsewhere(registry: discovery.StaticRegistry) -> None:
    echo = Echo()
    dead = instance("echo", 1)
    async with behind(registry, "echo", echo) as alive:
        registry.replace("echo", [*alive, dead])
        async with served(build(), "gateway", registry) as client:
            for method in ("POST", "PUT") * 8:
                answer = await client(method, "/api/echo", data=b"x" * relay.IN_MEMORY_BYTES)
                assert (answer.status, len(answer.text)) == (200, relay.IN_MEMORY_BYTES)

    assert {len(body) for body in echo.bodies} == {relay.IN_MEMORY_BYTES}


@pytest.mark.parametrize("size", [0, 1, relay.IN_MEMORY_BYTES, relay.IN_MEMORY_BYTES + 1, relay.REQUEST_BYTES])
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
async def test_bodies_come_through_whole_in_both_directions(
    registry: discovery.StaticRegistry, size: int, chunked: bool
) -> None:
    echo = Echo()
    body = os.urandom(size)

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, size, 10_000):
            yield body[start : start + 10_000]

    async with behind(registry, "echo", echo), served(build(), "gateway", registry) as client:
        url = f"http://{client.address}/api/echo"
        async with client.session.post(url, data=pieces() if chunked else body) as response:
            assert await response.read() == body

    assert echo.bodies == [body]


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
async def test_a_body_over_the_limit_is_a_413(registry: discovery.StaticRegistry, chunked: bool) -> None:
    echo = Echo()

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(2):
            yield bytes(relay.REQUEST_BYTES // 2)
        yield b"x"

    async with behind(registry, "echo", echo), served(build(), "gateway", registry) as client:
        answer = await client(
            "POST", "/api/echo", data=pieces() if chunked else BytesIO(bytes(relay.REQUEST_BYTES + 1))
        )

    assert (answer.status, answer.fields) == (413, [])
    assert echo.bodies == [], "what was begun was not ended as if it were whole"


async def test_an_encoded_body_is_decoded_within_the_limit(registry: discovery.StaticRegistry) -> None:
    echo = Echo()
    encoded = {"Content-Encoding": "gzip"}
    async with behind(registry, "echo", echo), served(build(), "gateway", registry) as client:
        for size, status in [(10, 200), (200_000, 200), (relay.REQUEST_BYTES + 1, 413)]:
            answer = await client("POST", "/api/echo", data=gzip.compress(bytes(size)), headers=encoded)
            assert answer.status == status
        assert (await client("POST", "/api/echo", data=b"not gzip", headers=encoded)).status == 400

    assert echo.bodies == [bytes(10), bytes(200_000)]
    assert all("Content-Encoding" not in request.headers for request in echo.requests)


async def test_an_answer_of_any_size_streams_in_little_memory(registry: discovery.StaticRegistry) -> None:
    piece = os.urandom(256 * 1024)

    async def large(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(400):
            await response.write(piece)
        return response

    async with behind(registry, "echo", large), served(build(), "gateway", registry) as client:
        received = hashlib.sha256()
        tracemalloc.start(1)
        try:
            before, _ = tracemalloc.get_traced_memory()
            async with client.session.get(f"http://{client.address}/api/echo") as response:
                async for part in response.content.iter_any():
                    received.update(part)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    expected = hashlib.sha256()
    for _ in range(400):
        expected.update(piece)
    assert received.digest() == expected.digest()
    assert peak - before < 12_000_000, "100 MB pass in a few of memory, on all three sides"


async def test_an_answer_that_comes_encoded_unasked_is_passed_on_decoded(registry: discovery.StaticRegistry) -> None:
    async def encoded(request: web.BaseRequest) -> web.Response:
        assert request.headers["Accept-Encoding"] == "identity"
        return web.Response(body=gzip.compress(b"plain" * 1000), headers={"Content-Encoding": "gzip"})

    async with behind(registry, "echo", encoded), served(build(), "gateway", registry) as client:
        answer = await client("GET", "/api/echo", headers={"Accept-Encoding": "gzip"})

    assert answer.text == "plain" * 1000
    assert "Content-Encoding" not in answer.headers


async def test_head_has_the_length_and_no_body(registry: discovery.StaticRegistry) -> None:
    async def sized(request: web.BaseRequest) -> web.Response:
        return web.Response(body=b"x" * 1234)

    async with behind(registry, "echo", sized), served(build(), "gateway", registry) as client:
        answer = await client("HEAD", "/api/echo")

    assert (answer.status, answer.headers["Content-Length"], answer.text) == (200, "1234", "")


@pytest.mark.parametrize("head", [b"Content-Length: 100", b"Transfer-Encoding: chunked"])
async def test_an_answer_that_breaks_off_is_never_passed_on_as_whole(
    registry: discovery.StaticRegistry, head: bytes
) -> None:
    words = b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n5\r\nhello\r\n"
    async with saying(registry, "odd", words), served(build(), "gateway", registry) as client:
        with pytest.raises(aiohttp.ClientError):
            await client("POST", "/api/odd")


async def test_who_does_not_take_the_answer_is_cut_off(
    registry: discovery.StaticRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "_STALL_S", 0.05)
    gone = asyncio.Event()

    async def endless(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(bytes(64 * 1024))
        finally:
            gone.set()

    transports = []

    @web.middleware
    async def watch(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path == "/api/echo":
            transports.append(request.transport)
        return await handler(request)

    app = build()
    app.middlewares.append(watch)
    async with behind(registry, "echo", endless), served(app, "gateway", registry) as client:
        _, writer = await asyncio.open_connection(client.server.instance.host, client.server.instance.port)
        with closing(writer):
            writer.write(b"GET /api/echo HTTP/1.1\r\nHost: gw\r\n\r\n")
            async with asyncio.timeout(10):
                await gone.wait()
        (transport,) = transports
        assert transport is not None
        assert transport.get_write_buffer_size() == 0, "nothing is kept for somebody who takes nothing"


async def test_a_small_answer_goes_out_whole_however_it_came(registry: discovery.StaticRegistry) -> None:
    words = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    async with saying(registry, "odd", words), served(build(), "gateway", registry) as client:
        answer = await client("GET", "/api/odd")

    assert (answer.text, answer.headers["Content-Length"]) == ("hello", "5")


async def test_who_asks_on_and_takes_no_answer_is_cut_off(
    registry: discovery.StaticRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "_STALL_S", 0.05)
    gone = asyncio.Event()

    async def small(request: web.BaseRequest) -> web.Response:
        return web.Response(body=bytes(relay._AT_ONCE_BYTES // 2))

    @web.middleware
    async def watch(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        finally:
            if request.transport is None:
                gone.set()

    app = build()
    app.middlewares.append(watch)
    async with behind(registry, "echo", small), served(app, "gateway", registry) as client:
        _, writer = await asyncio.open_connection(client.server.instance.host, client.server.instance.port)
        with closing(writer):
            # More than what the system keeps for both sides of a connection.
            writer.write(b"GET /api/echo HTTP/1.1\r\nHost: gw\r\n\r\n" * 2000)
            async with asyncio.timeout(10):
                await gone.wait()
