"""What a connection says of what is no request, and which request is the last one on it."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest
from aiohttp import web

from discovery.config import MeshConfig
from discovery.runtime.server import serving
from discovery.testing.registry import FakeRegistry


async def asked(registry: FakeRegistry, sent: bytes, *, edge: bool = True) -> tuple[bytes, list[str]]:
    """What a server answers to *sent*, and the paths of the requests that came with a header ``X-Late``."""
    late: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        if "X-Late" in request.headers:
            late.append(request.path)
        return web.Response(body=await request.read())

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", handle)
    async with serving(app, MeshConfig(name="ports", drain_s=0, edge=edge), registry=registry) as server:
        reader, writer = await asyncio.open_connection(server.instance.host, server.instance.port)
        writer.write(sent)
        async with asyncio.timeout(10):
            answer = await reader.read()
        writer.close()
    return answer, late


@pytest.mark.parametrize("edge", [True, False])
@pytest.mark.parametrize(
    "sent",
    [b"GET /<evil> HTTP/evil\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nevil\x00: b\r\n\r\n", b"\x16\x03\x01evil\r\n"],
)
async def test_what_is_no_request_is_refused_without_a_word_of_it(
    registry: FakeRegistry, caplog: pytest.LogCaptureFixture, sent: bytes, edge: bool
) -> None:
    with caplog.at_level(logging.INFO, "aiohttp.server"), caplog.at_level(logging.INFO, "discovery.runtime.connection"):
        answer, _ = await asked(registry, sent, edge=edge)

    head, _, body = answer.partition(b"\r\n\r\n")
    assert b" 400 Bad Request\r\n" in head
    assert b"application/problem+json" in head
    assert json.loads(body)["status"] == 400
    assert b"evil" not in answer
    assert b"aiohttp" not in answer
    assert not [record for record in caplog.records if record.name.startswith(("aiohttp", "discovery.runtime.conn"))]


async def test_another_wish_than_to_be_asked_for_the_body_is_refused_without_a_word_of_it(
    registry: FakeRegistry,
) -> None:
    answer, _ = await asked(registry, b"POST / HTTP/1.1\r\nHost: a\r\nExpect: evil\r\nContent-Length: 1\r\n\r\nx")

    assert answer.startswith(b"HTTP/1.1 417")
    assert b"evil" not in answer


async def test_what_trails_chunks_is_no_header_of_the_next_request(registry: FakeRegistry) -> None:
    chunks = b"POST /one HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Late: 1\r\n\r\n"
    answer, late = await asked(registry, chunks + b"GET /two HTTP/1.1\r\nHost: a\r\n\r\n")

    assert answer.endswith(b"\r\n\r\nabc")
    assert b"Connection: close" in answer
    assert late == []
