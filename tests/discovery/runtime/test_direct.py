"""What goes out below aiohttp's session is what aiohttp would have sent."""

from __future__ import annotations

from asyncio.selector_events import _SelectorSocketTransport  # type: ignore[attr-defined]
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from multidict import CIMultiDictProxy
from yarl import URL

from discovery import wire
from discovery.config import MeshConfig
from discovery.model import Target
from discovery.runtime.address import Logical
from discovery.runtime.head import head
from discovery.runtime.outgoing import Through
from discovery.runtime.pool import Pool
from discovery.runtime.prepared import prepared
from discovery.runtime.trust import Trust
from discovery.testing.observer import RecordingObserver
from discovery.testing.peer import peer
from discovery.testing.registry import FakeRegistry
from tests.discovery.runtime.support import a_mesh

OPTIONS: list[Any] = [
    pytest.param({}, id="nothing"),
    pytest.param({"data": b""}, id="no bytes"),
    pytest.param({"data": b"\x00\xff" * 10}, id="bytes"),
    pytest.param({"data": b"x" * 2**20}, id="many bytes"),
    pytest.param({"data": "täxt"}, id="text"),
    pytest.param({"json": {"a": "ü"}}, id="JSON"),
    pytest.param({"json": ""}, id="JSON of no text"),
    pytest.param({"data": {"a": "1", "b": "ü"}}, id="a form"),
    pytest.param({"data": b"{}", "headers": {"content-type": "application/json"}}, id="a type of one's own"),
    pytest.param({"headers": {"Accept": "text/html", "X": "ü"}}, id="headers"),
    pytest.param({"headers": [("X", "1")]}, id="pairs of headers"),
    pytest.param({"headers": [("X", "1"), ("X", "2"), ("x", "3")]}, id="a header that is said otherwise"),
    pytest.param({"headers": [("Host", "a"), ("Host", "b")]}, id="two hosts"),
    pytest.param({"headers": {"host": "a", "HOST": "b"}}, id="a host in two ways"),
    pytest.param({"data": b"four", "headers": {"Content-Length": "4"}}, id="a length of one's own"),
    pytest.param({"params": {"q": "ä b", "r": "/"}}, id="parameters"),
]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
async def test_a_request_is_that_which_aiohttp_sends(
    registry: FakeRegistry, observer: RecordingObserver, method: str, options: dict[str, Any]
) -> None:
    async with a_mesh(registry, observer) as mesh, peer(registry, "ports") as one, aiohttp.ClientSession() as session:
        async with mesh.request(method, "http://ports/a/b?c=%C3%A4", **options) as answer:
            assert answer.method == method
            sent = said(answer.request_info.headers)
        async with session.request(method, f"http://{one.instance.address}/a/b?c=%C3%A4", **options) as answer:
            assert answer.status == 200
            assert sent == said(answer.request_info.headers)
    ours, theirs = one.received
    assert (ours.method, ours.path, ours.body) == (theirs.method, theirs.path, theirs.body)
    assert said(ours.headers) == said(theirs.headers)


@pytest.mark.parametrize("data", [None, b"x", [b"x"]], ids=["without a body", "at once", "a stream"])
@pytest.mark.parametrize("path", ["/%7E%2d/a+b%2B", "/a?q=%2F&at=%3A%40&home=%7E", '/a?b="<>|{}%', "/a??", "/?%C3%a9"])
async def test_a_url_that_is_encoded_goes_out_byte_for_byte(
    registry: FakeRegistry, observer: RecordingObserver, path: str, data: Any
) -> None:
    async def stream() -> AsyncIterator[bytes]:
        for piece in data:
            yield piece

    async with a_mesh(registry, observer) as mesh, peer(registry, "ports") as one:
        url = URL(f"http://ports{path}", encoded=True)
        async with mesh.request("POST", url, data=stream() if isinstance(data, list) else data) as answer:
            assert answer.status == 200

    assert [request.path for request in one.received] == [path]


def said(headers: CIMultiDictProxy[str]) -> list[tuple[str, str]]:
    """All but what is ours alone, and the address."""
    found = [(name.lower(), value) for name, value in headers.items() if name != wire.DEADLINE]
    return sorted((name, "" if value.startswith("ports") else value) for name, value in found)


@pytest.mark.parametrize("left", [0, 1])
async def test_no_request_follows_on_one_that_was_answered_before_it_was_taken(
    registry: FakeRegistry, observer: RecordingObserver, monkeypatch: pytest.MonkeyPatch, left: int
) -> None:
    ports = set()

    async def answer(request: web.BaseRequest) -> web.Response:
        assert request.transport is not None
        ports.add(request.transport.get_extra_info("peername")[1])
        return web.Response()

    async with a_mesh(registry, observer) as mesh, peer(registry, "ports", answer):
        async with mesh.get("http://ports/"):
            pass
        # As if that much of it were still on its way.
        monkeypatch.setattr(_SelectorSocketTransport, "get_write_buffer_size", lambda _: left)
        for _ in range(2):
            async with mesh.put("http://ports/", data=b"x" * 2**16) as response:
                await response.read()
    assert len(ports) == 1 + left


@pytest.mark.parametrize("name", ["expect", "Content-Length", "TRANSFER-ENCODING"])
def test_who_has_a_way_of_his_own_to_send_a_body_gets_a_session(name: str) -> None:
    logical, pool = Logical(Target("ports"), "/"), Pool(1.0, Trust(MeshConfig(name="tests")))
    for method, data in (("POST", b"four"), ("GET", None)):
        options = {"data": data, "headers": {name: "4"}}
        request = prepared(pool, method, logical, options, direct=True)
        assert isinstance(request, Through)


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\r\nB: c", "a\x00b", "\x7f"])
@pytest.mark.parametrize("where", ["target", "name", "value"])
def test_nobody_can_write_a_second_request(where: str, text: str) -> None:
    name, value = (text, "x") if where == "name" else ("X", text if where == "value" else "x")
    with pytest.raises(ValueError, match="control character"):
        head("GET", text if where == "target" else "/", {name: value})


@pytest.mark.parametrize("value", ["a\tb", "ü", "\u2028", "\xa0", ""])
def test_what_is_no_control_character_is_written_as_it_is(value: str) -> None:
    assert head("GET", "/", {"X": value, "Y": "z"}) == f"GET / HTTP/1.1\r\nX: {value}\r\nY: z\r\n\r\n".encode()


def test_a_value_that_is_no_text_is_refused() -> None:
    with pytest.raises(TypeError, match="header X is no text"):
        head("GET", "/", {"X": 1})
