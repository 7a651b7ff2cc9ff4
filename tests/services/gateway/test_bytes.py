"""Paths and queries cross byte for byte: what a client has signed is what a service sees."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

import discovery
from discovery.web import Problem
from services.gateway import target
from tests.services.gateway.doors import build
from tests.services.support import Echo, behind, instance, served

ESCAPES = [f"%{code:02X}" for code in range(256)] + [f"%{code:02x}" for code in range(256)]
VISIBLE = "".join(map(chr, range(0x21, 0x7F))).replace("#", "")
QUERIES = [
    "",
    "?",
    "?a",
    "?a=",
    "?=a",
    "?&&",
    "?a=b&a=c;d",
    "?q=a%2Fb",
    "?to=%3A%40",
    "?home=%7E&home=~",
    "?next=//evil/&x=/../",
    "?a+b=c+d%20e%2B",
    "?double=%252F%2525",
    "?broken=%&x=%2&y=%zz",
    "?nul=%00&line=%0d%0a",
    "?latin=%e9&overlong=%c0%af",
    "?utf8=%C3%A9",
    "??",
    "?a?b=/?",
    f"?{VISIBLE}",
    *(f"?x={''.join(ESCAPES[start : start + 64])}" for start in range(0, 512, 64)),
]
PATHS = [
    "",
    "/",
    "/7",
    "/~.-_",
    "/%7E%2d%41",
    "/a+b%2Bc",
    "/!$&'()*+,=:@",
    "/%21%24%26%27%28%29%2A%2C%3D%3A%40",
    "/%c3%a9/%C3%A9",
    "/%20%22%3C%3E%7b%7D",
]


class Raw:
    """A server that keeps the first lines of what it is sent, as bytes."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                if head.startswith(b"GET /openapi.json "):
                    writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                    continue
                self.lines.append(head.partition(b"\r\n")[0])
                body = int((re.search(rb"(?i)content-length: (\d+)", head) or [b"", b"0"])[1])
                await reader.readexactly(body)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@pytest.mark.parametrize(("service", "before"), [("echo", "/api"), ("marketplace", "")], ids=["api", "shop"])
async def test_what_crosses_crosses_byte_for_byte(
    registry: discovery.StaticRegistry, service: str, before: str
) -> None:
    seen = Raw()
    async with await asyncio.start_server(seen, "127.0.0.1", 0) as server:
        registry.replace(service, [instance(service, server.sockets[0].getsockname()[1])])
        async with served(build(), "gateway", registry) as client:
            asked, refused = [], []
            for path in PATHS:
                for query in QUERIES:
                    said = f"/{service}{path}{query}"
                    for method, length in (("GET", 0), ("POST", 2)):
                        head = f"{method} {before}{said} HTTP/1.1\r\nHost: gw\r\nContent-Length: {length}\r\n"
                        answer = await client.raw(f"{head}Connection: close\r\n\r\n{'ab'[:length]}".encode())
                        if answer.startswith(b"HTTP/1.1 200"):
                            asked.append(f"{method} {said} HTTP/1.1".encode())
                        else:
                            assert answer.startswith(b"HTTP/1.1 400")
                            refused.append(said)

    assert seen.lines == asked
    assert all(said.endswith("?") for said in refused), "only what cannot be said to a service is refused"
    assert f"/{service}?" not in refused


async def test_an_empty_query_does_not_cross_where_it_would_be_lost(registry: discovery.StaticRegistry) -> None:
    shake = "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    echo = Echo()
    async with behind(registry, "echo", echo), served(build(), "gateway", registry) as client:
        head = "POST /api/echo? HTTP/1.1\r\nHost: gw\r\nConnection: close\r\nContent-Length: 100000\r\n\r\n"
        large = await client.raw(head.encode() + bytes(100_000))
        socket = await client.raw(f"GET /api/echo? HTTP/1.1\r\nHost: gw\r\nConnection: upgrade\r\n{shake}\r\n".encode())

    assert not echo.requests
    assert large.startswith(b"HTTP/1.1 400")
    assert socket.startswith(b"HTTP/1.1 400")


PIECES = st.lists(st.sampled_from([*VISIBLE, "/", "%", "%2", *ESCAPES]), max_size=20)


@given(PIECES)
def test_a_target_is_refused_or_forwarded_as_it_came(pieces: list[str]) -> None:
    raw = f"/api/echo/{''.join(pieces)}"
    with suppress(Problem):
        assert f"/api{str(target.parse(raw).url('echo')).removeprefix('http://echo')}" == raw
