from __future__ import annotations

import asyncio
import gc
import gzip
import weakref
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request

from discovery.web import body
from discovery.web.body import Body, read_body
from discovery.web.middleware import boundary
from discovery.web.problem import Problem

LIMIT = 1000
WAYS = ["/", "/whole"]
Echo = TestClient[web.Request, web.Application]


@asynccontextmanager
async def echo(within_s: float = body.BODY_S) -> AsyncIterator[Echo]:
    """A server that answers with the number of bytes it was sent, read piece by piece, or at ``/whole`` as a whole."""

    async def in_pieces(request: web.Request) -> web.Response:
        pieces = [piece async for piece in Body(request, limit=LIMIT, within_s=within_s)]
        return web.Response(text=str(len(b"".join(pieces))))

    async def whole(request: web.Request) -> web.Response:
        return web.Response(text=str(len(await read_body(request, limit=LIMIT))))

    app = web.Application(middlewares=[boundary])
    app.router.add_post("/", in_pieces)
    app.router.add_post("/whole", whole)
    async with TestClient(TestServer(app)) as client:
        yield client


async def drip(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


@pytest.mark.parametrize("path", WAYS)
@pytest.mark.parametrize(("size", "status"), [(0, 200), (LIMIT - 1, 200), (LIMIT, 200), (LIMIT + 1, 413)])
async def test_the_limit_holds_for_an_announced_length(path: str, size: int, status: int) -> None:
    async with echo() as client, client.post(path, data=b"x" * size) as response:
        assert response.status == status


@pytest.mark.parametrize("path", WAYS)
@pytest.mark.parametrize(("size", "status"), [(LIMIT - 1, 200), (LIMIT, 200), (LIMIT + 1, 413)])
async def test_the_limit_holds_for_a_chunked_body(path: str, size: int, status: int) -> None:
    async with echo() as client, client.post(path, data=drip(b"x" * (size - 1), b"x")) as response:
        assert response.status == status


@pytest.mark.parametrize("path", WAYS)
@pytest.mark.parametrize(
    ("coding", "sent", "status"),
    [
        ("gzip", gzip.compress(b"x" * LIMIT), 200),
        ("GZIP", gzip.compress(b"x" * LIMIT), 200),
        ("deflate", zlib.compress(b"x" * LIMIT), 200),
        ("gzip", gzip.compress(b"\0" * 10_000_000), 413),
        ("gzip", b"this is not gzip", 400),
        ("gzip", gzip.compress(b"x" * 10) + b"and more", 400),
        ("identity", b"x", 200),
        ("gzip, gzip", gzip.compress(gzip.compress(b"x")), 415),
        ("snappy", b"x", 415),
    ],
)
async def test_the_limit_holds_after_decompression(path: str, coding: str, sent: bytes, status: int) -> None:
    async with echo() as client, client.post(path, data=sent, headers={"Content-Encoding": coding}) as response:
        assert response.status == status


async def test_a_body_that_drips_is_given_up() -> None:
    never = asyncio.Event()

    async def stalled() -> AsyncIterator[bytes]:
        yield b"x"
        await never.wait()

    async with echo(within_s=0.05) as client, client.post("/", data=stalled()) as response:
        assert response.status == 408


@pytest.mark.parametrize(("received", "seconds"), [(0, 5), (240, 6), (2400, 15), (240 * 25, 30), (10**6, 30)])
def test_the_next_piece_may_come_as_late_as_the_least_rate_lets_it(received: int, seconds: float) -> None:
    assert body.allowed_s(received, 30.0) == seconds


async def test_a_body_that_comes_too_slowly_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "GRACE_S", 0.05)
    never = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"x"
        await never.wait()

    async with echo() as client, client.post("/", data=slow()) as response:
        assert response.status == 408
        assert "too slow" in await response.text()


async def test_a_length_that_is_announced_too_large_is_refused_before_a_byte_is_read() -> None:
    async with echo() as client:
        reader, writer = await asyncio.open_connection(client.host, client.port)
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n")
        assert b"413" in await reader.readline()
        writer.close()


async def test_a_connection_whose_body_was_not_read_is_not_used_again() -> None:
    async with echo() as client:
        for sent, coding in [(b"x" * (LIMIT + 1), "identity"), (b"not gzip", "gzip")]:
            async with client.post("/", data=sent, headers={"Content-Encoding": coding}) as response:
                assert response.headers["Connection"] == "close"


async def test_what_is_still_on_its_way_is_not_whole() -> None:
    began, go_on = asyncio.Event(), asyncio.Event()
    found: list[bytes | None] = []

    async def handler(request: web.Request) -> web.Response:
        read = Body(request, limit=LIMIT)
        found.append(read.whole())
        began.set()
        found.append(b"".join([piece async for piece in read]))
        found.append(read.whole())
        return web.Response()

    async def sent() -> AsyncIterator[bytes]:
        yield b"one "
        await go_on.wait()
        yield b"two"

    app = web.Application()
    app.router.add_post("/", handler)
    async with TestClient(TestServer(app)) as client:
        posting = asyncio.create_task(client.post("/", data=sent()))
        await began.wait()
        go_on.set()
        assert (await posting).status == 200
    assert found == [None, b"one two", None]


def refused() -> Body:
    return Body(make_mocked_request("POST", "/", {"Content-Length": str(LIMIT + 1)}), limit=LIMIT)


async def test_a_body_that_was_refused_says_why_to_whom_its_iteration_is_remote() -> None:
    read = refused()
    told = [read.problem]

    with pytest.raises(Problem, match="at most 1000 bytes"):
        await anext(read)
    told.append(read.problem)

    assert [problem and (problem.status, problem.headers) for problem in told] == [None, (413, {"Connection": "close"})]


@pytest.mark.parametrize("again", [False, True])
async def test_a_body_that_was_refused_is_not_left_to_the_garbage_collector(again: bool) -> None:
    async def read(body: Body) -> None:
        try:
            await anext(body)
        except Problem:
            if not again or body.problem is None:
                raise
            raise body.problem from None

    body = refused()
    gone = weakref.ref(body)
    gc.disable()
    try:
        with suppress(Problem):
            await read(body)
        del body
        assert gone() is None
    finally:
        gc.enable()
