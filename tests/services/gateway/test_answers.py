"""Answers of services that are out to be read in two ways: refused by a 502, or passed on in one form."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress

import pytest

import discovery
from services.gateway.app import build
from services.gateway.edge.settings import EdgeSettings
from tests.services.support import instance, served

FIVE = b"Content-Length: 5\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNKS = b"\r\n5\r\nhello\r\n0\r\n\r\n"


def ok(*lines: bytes, body: bytes = b"hello", first: bytes = b"HTTP/1.1 200 OK") -> bytes:
    return b"\r\n".join([first, *lines, b"Content-Length: 5", b"", body])


def framed(fields: bytes, body: bytes = b"\r\nhello") -> bytes:
    return b"HTTP/1.1 200 OK\r\n" + fields + body


REFUSED = {
    "chunks of a compressed body": framed(b"Transfer-Encoding: gzip, chunked\r\n", CHUNKS),
    "two lengths": framed(FIVE + b"Content-Length: 6\r\n", b"\r\nhello!"),
    "two lengths, the same": framed(FIVE + FIVE),
    "a list of lengths": framed(b"Content-Length: 5, 5\r\n"),
    "a length, and chunks": framed(FIVE + CHUNKED, CHUNKS),
    "chunks, and a length": framed(CHUNKED + FIVE, CHUNKS),
    "another encoding": framed(b"Transfer-Encoding: xchunked\r\n", CHUNKS),
    "a coding that there is not": ok(b"Content-Encoding: foo"),
    "two codings": ok(b"Content-Encoding: gzip, gzip"),
    "two codings on two lines": ok(b"Content-Encoding: identity", b"Content-Encoding: foo"),
    "a negative length": framed(b"Content-Length: -5\r\n"),
    "a length with a plus": framed(b"Content-Length: +5\r\n"),
    "a length in hexadecimal": framed(b"Content-Length: 0x5\r\n"),
    "an empty length": framed(b"Content-Length: \r\n"),
    "a length beyond 64 bits": framed(b"Content-Length: 99999999999999999999999\r\n"),
    "a lone CR": ok(b"ETag: a\rSet-Cookie: evil=1"),
    "a NUL": ok(b"ETag: a\x00evil"),
    "a control character": ok(b"ETag: a\x01evil"),
    "an escape": ok(b"ETag: a\x1b[31mevil"),
    "a DEL": ok(b"ETag: a\x7fevil"),
    "bytes that are no text": ok(b"ETag: a\xff\xfe"),
    "a line of Unicode's": ok(b"ETag: a\xc2\x85evil"),
    "a space before the colon": ok(b"ETag : evil"),
    "no colon": ok(b"evil"),
    "an odd name": ok(b"E(Tag: evil"),
    "no name": ok(b": evil"),
    "no version": b"hello\r\n\r\n",
    "a status of two digits": ok(first=b"HTTP/1.1 99 OK"),
    "a status of four digits": ok(first=b"HTTP/1.1 0200 OK"),
    "a status that there is not": ok(first=b"HTTP/1.1 999 OK"),
    "another protocol": ok(b"Upgrade: evil", b"Connection: upgrade", first=b"HTTP/1.1 101 Switching Protocols"),
    "a line in the reason": ok(first=b"HTTP/1.1 200 OK\rSet-Cookie: evil"),
    "200 headers": ok(*[b"X-A: b"] * 200),
    "a header of 20000 bytes": ok(b"ETag: " + b"e" * 20_000),
    "nothing": b"",
    "a handshake of TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}
PASSED = {
    "plain": ok(),
    "letters beyond ASCII": ok(b"ETag: \xc3\xa9"),
    "no framing": b"HTTP/1.1 200 OK\r\n\r\nhello",
    "version 1.0": b"HTTP/1.0 200 OK\r\n\r\nhello",
    "to go on before it": b"HTTP/1.1 100 Continue\r\n\r\n" + ok(),
    "a hint before it": b"HTTP/1.1 103 Early Hints\r\nLink: </evil>\r\n\r\n" + ok(),
    "an odd reason": ok(first=b"HTTP/1.1 200 evil <script>"),
    "a control character in the reason": ok(first=b"HTTP/1.1 200 evil\x01"),
    "another answer behind it": ok(body=b"helloHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"),
    "a trailer": framed(CHUNKED, b"\r\n5\r\nhello\r\n0\r\nSet-Cookie: evil=1\r\n\r\n"),
    "headers of ours": ok(b"X-Forwarded-For: evil", b"Mesh-Nack: evil", b"Server: evil", b"Via: evil", b"X_Evil: evil"),
    "a header that Connection names": ok(b"ETag: evil", b"Connection: etag"),
}
EITHER = {
    "version 2.0": ok(first=b"HTTP/2.0 200 OK"),
    "a lone LF": ok(b"ETag: a\nSet-Cookie: evil=1"),
    "a fold": ok(b'ETag: "a"', b" Set-Cookie: b"),
    "chunked twice": framed(CHUNKED + CHUNKED, CHUNKS),
    "identity, and a length": framed(FIVE + b"Transfer-Encoding: identity\r\n"),
    "lone LFs for lines": ok().replace(b"\r\n", b"\n"),
    "version 1.2": ok(first=b"HTTP/1.2 200 OK"),
    "another answer behind the chunks": framed(CHUNKED, CHUNKS + ok(body=b"evil!")),
    "more of a body than its length": ok(body=b"hello evil"),
}
BROKEN = {
    "a size that is none": framed(CHUNKED, b"\r\nzz\r\nhello\r\n0\r\n\r\n"),
    "a size with 0x": framed(CHUNKED, b"\r\n0x5\r\nhello\r\n0\r\n\r\n"),
    "sizes behind lone LFs": framed(CHUNKED, b"\r\n5\nhello\n0\n\n"),
    "a coding that it is not of": ok(b"Content-Encoding: gzip"),
    "less than its length": ok(body=b"hell"),
}


@asynccontextmanager
async def saying(words: bytes) -> AsyncIterator[int]:
    """The port of a server that answers with *words*, when it is asked for more than its document."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError), closing(writer):
            head = await reader.readuntil(b"\r\n\r\n")
            document = head.startswith(b"GET /openapi.json")
            nothing = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            writer.write(nothing if document else words)

    async with await asyncio.start_server(say, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def answer_to(registry: discovery.StaticRegistry, words: bytes) -> bytes:
    """What a client gets where a service says *words*. A POST is sent once."""
    async with saying(words) as port:
        registry.replace("odd", [instance("odd", port)])
        app = build(EdgeSettings(rate=None, user_rate=None), ["odd"])
        async with served(app, "gateway", registry, edge=True) as client:
            head = b"POST /api/odd/x HTTP/1.1\r\nHost: gw\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            return await client.raw(head)


def body_of(answer: bytes) -> bytes:
    """What an answer brings in one form, with nothing of the service's own beside it."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert answer.count(b"HTTP/1.") == 1
    assert b"\nSet-Cookie" not in head
    assert b"evil" not in answer.lower()
    if b"Transfer-Encoding: chunked" in head:
        assert b"Content-Length" not in head
        size, _, rest = body.partition(b"\r\n")
        return rest[: int(size, 16)] if rest.endswith(b"\r\n0\r\n\r\n") else b"broken off"
    assert head.count(b"Content-Length: ") == 1
    return body


@pytest.mark.parametrize("words", REFUSED.values(), ids=REFUSED)
async def test_an_answer_with_two_readings_is_a_502(registry: discovery.StaticRegistry, words: bytes) -> None:
    answer = await answer_to(registry, words)

    assert answer.startswith(b"HTTP/1.1 502 ")
    assert b"application/problem+json" in answer
    body_of(answer)


@pytest.mark.parametrize("words", PASSED.values(), ids=PASSED)
async def test_what_has_one_reading_is_passed_on_in_that(registry: discovery.StaticRegistry, words: bytes) -> None:
    answer = await answer_to(registry, words)

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert body_of(answer) == b"hello"


@pytest.mark.parametrize("words", EITHER.values(), ids=EITHER)
async def test_what_only_some_would_read_has_one_reading_here(registry: discovery.StaticRegistry, words: bytes) -> None:
    answer = await answer_to(registry, words)

    if not answer.startswith(b"HTTP/1.1 502 "):
        assert body_of(answer) == b"hello"


@pytest.mark.parametrize("words", BROKEN.values(), ids=BROKEN)
async def test_what_breaks_off_is_never_passed_on_as_whole(registry: discovery.StaticRegistry, words: bytes) -> None:
    answer = await answer_to(registry, words)

    if answer and not answer.startswith(b"HTTP/1.1 502 "):
        head, _, body = answer.partition(b"\r\n\r\n")
        assert not body.endswith(b"0\r\n\r\n")
        assert f"Content-Length: {len(body)}".encode() not in head
