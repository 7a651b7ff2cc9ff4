"""Bodies that are sent again, complete, and those that cannot be."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest

from discovery.call_errors import CallFailed
from discovery.testing.observer import RecordingObserver
from discovery.testing.peer import peer
from discovery.testing.registry import FakeRegistry
from tests.discovery.runtime.failing import answers, dead, nacks
from tests.discovery.runtime.support import DOORS, Door, a_mesh

COMPLETE = [
    pytest.param({"data": b"bytes"}, b"bytes", id="bytes"),
    pytest.param({"data": bytearray(b"array")}, b"array", id="bytearray"),
    pytest.param({"data": memoryview(b"view")}, b"view", id="memoryview"),
    pytest.param({"data": "täxt"}, "täxt".encode(), id="text"),
    pytest.param({"json": {"a": [1]}}, b'{"a": [1]}', id="JSON"),
    pytest.param({"data": {"a": "1", "b": "ü"}}, b"a=1&b=%C3%BC", id="a form as a mapping"),
    pytest.param({"data": [("a", "1"), ("a", "2")]}, b"a=1&a=2", id="a form as pairs"),
    pytest.param({}, b"", id="none"),
]


def text_form(**more: Any) -> Callable[[], aiohttp.FormData]:
    def form() -> aiohttp.FormData:
        made = aiohttp.FormData(**more)
        made.add_field("a", "ü")
        made.add_field("b", "2")
        return made

    return form


FORMS = [
    pytest.param(text_form(), b"a=%C3%BC&b=2", id="a form of text"),
    pytest.param(text_form(default_to_multipart=True), b'name="b"\r\n\r\n2\r\n', id="of many parts"),
]


async def generated() -> AsyncIterator[bytes]:
    yield b"piece"


def own_form() -> aiohttp.FormData:
    form = aiohttp.FormData()
    form.add_field("file", io.BytesIO(b"x"))
    return form


STREAMS = [
    pytest.param(generated, id="an async generator"),
    pytest.param(lambda: io.BytesIO(b"x"), id="a file"),
    pytest.param(lambda: {"file": io.BytesIO(b"x")}, id="a file in a form"),
    pytest.param(lambda: [("file", io.BytesIO(b"x"))], id="a file in pairs"),
    pytest.param(lambda: [io.BytesIO(b"x")], id="a list of files"),
    pytest.param(own_form, id="aiohttp's own form"),
]


@pytest.mark.parametrize(("options", "body"), COMPLETE)
@pytest.mark.parametrize("door", DOORS)
async def test_a_complete_body_is_sent_again_complete(
    registry: FakeRegistry, observer: RecordingObserver, door: Door, options: dict[str, Any], body: bytes
) -> None:
    async with (
        a_mesh(registry, observer) as mesh,
        peer(registry, "ports", nacks(), id="a") as first,
        peer(registry, "ports", answers(503), id="b") as second,
        peer(registry, "ports", id="c") as third,
        door(mesh, "PUT", "/", **options) as response,
    ):
        assert await response.text() == "c"
        ledger = [one for each in (first, second, third) for one in each.received]
    assert [one.body for one in ledger] == [body] * 3
    assert len({one.headers.get("Content-Type") for one in ledger}) == 1


@pytest.mark.parametrize(("form", "within"), FORMS)
@pytest.mark.parametrize("door", DOORS)
async def test_a_form_of_text_is_sent_again_complete(
    registry: FakeRegistry,
    observer: RecordingObserver,
    door: Door,
    form: Callable[[], aiohttp.FormData],
    within: bytes,
) -> None:
    async with (
        a_mesh(registry, observer) as mesh,
        peer(registry, "ports", nacks(), id="a") as first,
        peer(registry, "ports", id="b") as second,
        door(mesh, "POST", "/", data=form()) as response,
    ):
        assert await response.text() == "b"
        before, after = [*first.received, *second.received]
    assert within in after.body
    assert (after.body, after.headers["Content-Type"]) == (before.body, before.headers["Content-Type"])


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("door", DOORS)
async def test_a_stream_is_never_sent_again_not_even_after_a_refused_connection(
    registry: FakeRegistry, observer: RecordingObserver, door: Door, stream: Callable[[], Any]
) -> None:
    async with a_mesh(registry, observer) as mesh, dead(registry, "a"), peer(registry, "ports", id="b") as good:
        with pytest.raises(CallFailed, match=r"^no response from ports: 1\. a: unsent \([^;]*\)$"):
            async with door(mesh, "PUT", "/", data=stream()):
                pytest.fail("it could not be sent")

    assert good.received == []
    assert len(observer.attempts) == 1


async def test_a_stream_that_was_answered_by_503_gets_that_answer(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    async with a_mesh(registry, observer) as mesh, peer(registry, "ports", answers(503, 200)) as one:
        async with mesh.put("http://ports/", data=generated()) as response:
            assert (response.status, await response.text()) == (503, "said 503")

        assert [each.body for each in one.received] == [b"piece"]
