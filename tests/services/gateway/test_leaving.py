"""Clients that leave early: nobody is told but whom they were led to, and nothing of them stays."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from contextlib import closing, suppress

import pytest

import discovery
from services.gateway import relay
from tests.services.gateway.doors import build
from tests.services.support import Echo, behind, instance, served

HEAD = "{} /api/echo HTTP/1.1\r\nHost: gw\r\nAccept: {}\r\n{}\r\n"
SHAKE = "Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {}==\r\n"
# What is sent before the client leaves, once a service has that much of it.
ASKED = {
    "before the answer": HEAD.format("GET", "*/*", "").encode(),
    "before the answer to a body": HEAD.format("POST", "*/*", "Content-Length: 5\r\n").encode() + b"hello",
    "amid a large body": HEAD.format("POST", "*/*", "Content-Length: 1000000\r\n").encode() + bytes(500_000),
    "amid chunks": HEAD.format("POST", "*/*", "Transfer-Encoding: chunked\r\n").encode()
    + b"20000\r\n"
    + bytes(0x20000),
    "before a stream of events": HEAD.format("GET", "text/event-stream", "").encode(),
    "before a websocket": HEAD.format("GET", "*/*", SHAKE.format("dGhlIHNhbXBsZSBub25jZQ")).encode(),
}


async def leave(writer: asyncio.StreamWriter, *, rudely: bool) -> None:
    if rudely:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.close()


def troubles(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the log tells as a failure, or by a traceback."""
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR or record.exc_info]


@pytest.mark.parametrize("rudely", [False, True], ids=["politely", "rudely"])
@pytest.mark.parametrize(
    "begun", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"], ids=["unanswered", "half answered"]
)
@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
async def test_who_leaves_ends_his_call_and_nothing_else(
    registry: discovery.StaticRegistry, caplog: pytest.LogCaptureFixture, asked: bytes, begun: bytes, rudely: bool
) -> None:
    came, ended = asyncio.Event(), asyncio.Event()

    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError), closing(writer):
            if (await reader.readuntil(b"\r\n\r\n")).startswith(b"GET /openapi.json"):
                writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
            writer.write(begun)
            came.set()
            try:
                while await reader.read(2**16):
                    pass
            finally:
                ended.set()

    async with await asyncio.start_server(wait, "127.0.0.1", 0) as server:
        registry.replace("echo", [instance("echo", server.sockets[0].getsockname()[1])])
        async with served(build(), "gateway", registry, edge=True) as client:
            with caplog.at_level(logging.WARNING):
                _, writer = await asyncio.open_connection(client.server.instance.host, client.server.instance.port)
                writer.write(asked)
                async with asyncio.timeout(10):
                    await came.wait()
                    await leave(writer, rudely=rudely)
                    await ended.wait()
            assert (await client("GET", "/health/live")).status == 200
    assert troubles(caplog) == []


@pytest.mark.parametrize(
    "body",
    [
        f"Content-Length: {relay.REQUEST_BYTES + 1}\r\n\r\nx",
        "Content-Length: 9\r\nContent-Encoding: snappy\r\n\r\nx",
        "Content-Length: 9\r\nContent-Encoding: gzip\r\n\r\nnot gzip",
        "Transfer-Encoding: chunked\r\n\r\nnone",
    ],
    ids=["too large", "of no known coding", "not of its coding", "of no chunks"],
)
async def test_who_leaves_after_a_refusal_is_no_error(
    registry: discovery.StaticRegistry, caplog: pytest.LogCaptureFixture, body: str
) -> None:
    async with behind(registry, "echo", Echo()), served(build(), "gateway", registry, edge=True) as client:
        with caplog.at_level(logging.WARNING):
            reader, writer = await asyncio.open_connection(client.server.instance.host, client.server.instance.port)
            writer.write(f"POST /api/echo HTTP/1.1\r\nHost: gw\r\n{body}".encode())
            async with asyncio.timeout(10):
                assert b" 4" in await reader.readline()
                await leave(writer, rudely=True)
    assert troubles(caplog) == []
