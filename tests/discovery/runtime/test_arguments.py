"""Every argument of a call does what it does at aiohttp, by every door, or is refused at once in words."""

from __future__ import annotations

import inspect
import math
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from multidict import CIMultiDict

from discovery import wire
from discovery.runtime.said import CallOptions
from discovery.testing.observer import RecordingObserver
from discovery.testing.peer import peer
from discovery.testing.received import Received
from discovery.testing.registry import FakeRegistry
from tests.discovery.runtime.support import DOORS, Door, a_mesh, by_mesh, by_public, by_session, up

MESH_DOORS = [door for door in DOORS if door is not by_session]


async def pieces() -> AsyncIterator[bytes]:
    yield b"a"
    yield b"b"


async def marking(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    request.headers["X-Marked"] = "1"
    return await handler(request)


# What each argument is tried with; the address is that of a proxy.
TRIED: dict[str, list[Callable[[str], dict[str, Any]]]] = {
    "params": [lambda _: {"params": {"a": "ü b", "c": 1}}, lambda _: {"params": [("a", "1"), ("a", "2")]}],
    "data": [
        lambda _: {"data": b"x"},
        lambda _: {"data": {"a": "1"}},
        lambda _: {"data": pieces()},
        lambda _: {"data": aiohttp.FormData({"a": "ü"})},
    ],
    "json": [lambda _: {"json": {"a": [1, None]}}, lambda _: {"json": None}],
    "cookies": [lambda _: {"cookies": {"a": "1"}}],
    "headers": [
        lambda _: {"headers": CIMultiDict([("X-A", "1"), ("X-A", "2")])},
        lambda _: {"headers": [("X-A", "1"), ("Accept", "text/plain")]},
        lambda _: {"headers": {"User-Agent": "me", "Content-Type": "text/x"}, "data": b"x"},
        lambda _: {"headers": None},
        lambda _: {"headers": {"Connection": "close"}},
    ],
    "skip_auto_headers": [
        lambda _: {"skip_auto_headers": ["User-Agent", "Content-Type"], "data": b"x"},
        lambda _: {"skip_auto_headers": iter(["user-agent", "Accept", "Host"])},
        lambda _: {"skip_auto_headers": ["User-Agent"], "headers": {"User-Agent": "me"}},
        lambda _: {"skip_auto_headers": []},
    ],
    "auth": [lambda _: {"auth": basic()}],
    "allow_redirects": [lambda _: {"allow_redirects": False}, lambda _: {"allow_redirects": True}],
    "max_redirects": [lambda _: {"max_redirects": 3}],
    "compress": [lambda _: {"compress": "deflate", "data": b"x" * 99}, lambda _: {"compress": True, "data": b"x"}],
    "chunked": [lambda _: {"chunked": True, "data": b"x"}],
    "expect100": [lambda _: {"expect100": False, "data": b"x"}],
    "read_until_eof": [lambda _: {"read_until_eof": False}],
    "proxy": [lambda proxy: {"proxy": proxy}],
    "proxy_auth": [lambda proxy: {"proxy": proxy, "proxy_auth": basic()}],
    "proxy_headers": [lambda proxy: {"proxy": proxy, "proxy_headers": {"Proxy-Authorization": "x"}}],
    "timeout": [
        lambda _: {"timeout": aiohttp.ClientTimeout(total=5)},
        lambda _: {"timeout": aiohttp.ClientTimeout(total=0)},
        lambda _: {"timeout": aiohttp.ClientTimeout(connect=5, sock_connect=5, sock_read=5)},
    ],
    "ssl": [lambda _: {"ssl": False}],
    "server_hostname": [lambda _: {"server_hostname": "elsewhere"}],
    "trace_request_ctx": [lambda _: {"trace_request_ctx": object()}],
    "read_bufsize": [lambda _: {"read_bufsize": 1024}],
    "auto_decompress": [lambda _: {"auto_decompress": False}],
    "max_line_size": [lambda _: {"max_line_size": 4096}],
    "max_field_size": [lambda _: {"max_field_size": 4096}],
    "max_headers": [lambda _: {"max_headers": 64}],
    "middlewares": [lambda _: {"middlewares": [marking]}],
    "upload_tracker": [lambda _: {"upload_tracker": aiohttp.UploadTracker(), "data": b"x"}],
}

# What is not taken; what is old is not in aiohttp's own documentation any more.
REFUSED = {
    "raise_for_status": "ask the response itself to raise_for_status",
    "verify_ssl": "takes no argument 'verify_ssl'",
    "fingerprint": "takes no argument 'fingerprint'",
    "ssl_context": "takes no argument 'ssl_context'",
}

CASES = [
    pytest.param(make, id=f"{name}-{number}") for name, makes in TRIED.items() for number, make in enumerate(makes)
]


@pytest.fixture(autouse=True)
def old_ways() -> Iterator[None]:
    """aiohttp warns of ``auth``, and still takes it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*auth.*deprecated", category=DeprecationWarning)
        warnings.filterwarnings("ignore", message="BasicAuth", category=DeprecationWarning)
        yield


def basic() -> aiohttp.BasicAuth:
    return aiohttp.BasicAuth("me", "pw")


async def answer(request: web.BaseRequest) -> web.Response:
    response = web.Response(text="said " * 500)
    response.enable_compression()
    return response


def seen(one: Received) -> tuple[Any, ...]:
    """A request, without what tells a logical address from one on the wire."""
    headers = sorted((name, value) for name, value in one.headers.items() if name not in {"Host", "Mesh-Deadline-Ms"})
    return one.method, one.path, headers, one.body


def test_every_argument_of_aiohttp_is_tried_or_refused() -> None:
    known = inspect.signature(aiohttp.ClientSession._request).parameters.keys() - {"self", "method", "str_or_url"}
    assert known == TRIED.keys() | REFUSED.keys()
    assert CallOptions.__annotations__.keys() == TRIED.keys() | {"attempts", "attempt_timeout", "max_staleness", "tags"}


@pytest.mark.parametrize("make", CASES)
@pytest.mark.parametrize("door", DOORS)
async def test_an_argument_does_what_it_does_at_aiohttp(
    registry: FakeRegistry, observer: RecordingObserver, door: Door, make: Callable[[str], dict[str, Any]]
) -> None:
    async with (
        a_mesh(registry, observer) as mesh,
        peer(registry, "ports", answer) as one,
        peer(registry, "proxies", answer) as proxy,
        aiohttp.ClientSession() as session,
    ):
        through = f"http://{proxy.instance.address}"
        plain = session.request("PUT", f"http://{one.instance.address}/a?b=c", **make(through))
        async with plain as response:
            expected = await response.read()
        options = make(through)
        if door is by_public and "trace_request_ctx" in options:
            door = by_mesh  # which says it itself
        if door is by_session and "middlewares" in options:
            options["middlewares"].insert(0, mesh.middleware)  # else they take the place of the session's
        async with door(mesh, "PUT", "/a?b=c", **options) as response:
            assert await response.read() == expected
        assert len(one.received) + len(proxy.received) == 2
        theirs, ours = one.received or proxy.received
        assert seen(ours) == seen(theirs)


async def test_what_is_not_to_be_said_is_said_by_no_attempt(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    async def busy(request: web.BaseRequest) -> web.Response:
        return web.Response(status=503, headers={wire.NACK: wire.NACK_BUSY})

    async with (
        a_mesh(registry, observer) as mesh,
        peer(registry, "ports", busy, id="a") as first,
        peer(registry, "ports", id="b") as second,
        mesh.put("http://ports/", data=b"x", skip_auto_headers=iter(["User-Agent", "Content-Type"])),
    ):
        for one in (first, second):
            (received,) = one.received
            assert {"User-Agent", "Content-Type"}.isdisjoint(received.headers)
            assert received.headers["Accept"] == "*/*"


@pytest.mark.parametrize(("name", "said"), REFUSED.items())
@pytest.mark.parametrize("door", MESH_DOORS)
async def test_an_argument_that_is_not_taken_is_refused_in_words(
    registry: FakeRegistry, observer: RecordingObserver, door: Door, name: str, said: str
) -> None:
    async with a_mesh(registry, observer) as mesh:
        with pytest.raises(TypeError, match=said):
            async with door(mesh, "GET", "/", **{name: True}):
                pytest.fail("it was to be refused")
    assert observer.calls == []


def parts(**said: Any) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(**said)


SECONDS = r"a (finite )?number of seconds"


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        *[
            pytest.param({name: value}, error, rf"^{name} is {SECONDS}.*, got {value!r}$", id=f"{name}={value!r}")
            for name in ("timeout", "attempt_timeout")
            for value, error in (("3", TypeError), (True, TypeError), (-1, ValueError), (math.nan, ValueError))
        ],
        *[
            pytest.param({"timeout": parts(**{part: value})}, error, f"{part}.*{SECONDS}", id=f"{part}={value!r}")
            for part in ("connect", "sock_connect", "sock_read")
            for value, error in (("3", TypeError), (True, TypeError), (-1, ValueError), (math.inf, ValueError))
        ],
        pytest.param({"timeout": aiohttp.ClientTimeout(total=-1)}, ValueError, "not below zero", id="total=-1"),
        pytest.param({"timeout": object()}, TypeError, SECONDS, id="timeout=object"),
        pytest.param({"attempt_timeout": 0}, ValueError, "no time", id="attempt_timeout=0"),
        *[
            pytest.param({"attempts": value}, ValueError, "a whole number from 1 on", id=f"attempts={value!r}")
            for value in (0, -1, True, 1.0, "2")
        ],
        pytest.param({"data": b"x", "json": {}}, ValueError, "at the same time", id="data and json"),
    ],
)
@pytest.mark.parametrize("door", MESH_DOORS)
async def test_what_makes_no_sense_is_refused_before_anything_is_sent(
    registry: FakeRegistry,
    observer: RecordingObserver,
    door: Door,
    options: dict[str, Any],
    error: type[Exception],
    said: str,
) -> None:
    async with a_mesh(registry, observer) as mesh, peer(registry, "ports") as one:
        with pytest.raises(error, match=said):
            async with door(mesh, "GET", "/", **options):
                pytest.fail("it was to be refused")
    assert one.received == []


def calling(mesh: Any, session: aiohttp.ClientSession, url: str, **options: Any) -> Any:
    return {
        "mesh": lambda: mesh.get(url, **options),
        "public": lambda: mesh.get(url, trace_request_ctx={}, **options),
        "following": lambda: mesh.get(url, allow_redirects=True, **options),
        "session": lambda: session.get(url, **options),
    }


WAYS = ["mesh", "public", "following", "session"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("credentials", ["me:pw", "me", ":pw", "m%C3%A9:p%40w"])
async def test_credentials_in_a_url_are_sent_as_aiohttp_sends_them(
    registry: FakeRegistry, observer: RecordingObserver, way: str, credentials: str
) -> None:
    async with (
        a_mesh(registry, observer) as mesh,
        peer(registry, "ports") as one,
        aiohttp.ClientSession(middlewares=[mesh.middleware]) as session,
    ):
        async with session.get(f"http://{credentials}@{one.instance.address}/"):
            pass
        async with calling(mesh, session, f"http://{credentials}@ports/")[way]():
            pass
        expected, got = [each.headers.get("Authorization") for each in one.received]
    assert (expected or "").startswith("Basic ")
    assert got == expected


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("other", [{"headers": {"authorization": "x"}}, {"auth": None}])
async def test_credentials_in_a_url_and_others_beside_it_are_refused(
    registry: FakeRegistry, observer: RecordingObserver, way: str, other: dict[str, Any]
) -> None:
    options = {"auth": basic()} if "auth" in other else other
    async with (
        a_mesh(registry, observer) as mesh,
        peer(registry, "ports") as one,
        aiohttp.ClientSession(middlewares=[mesh.middleware]) as session,
    ):
        with pytest.raises(ValueError, match="credentials"):
            await calling(mesh, session, "http://me:pw@ports/", **options)[way]()
    assert one.received == []


@pytest.mark.parametrize("options", [{"headers": {"Expect": "100-continue"}}, {"expect100": True}])
@pytest.mark.parametrize("door", DOORS)
async def test_a_body_waits_for_who_is_asked_whether_it_may_come(
    registry: FakeRegistry, observer: RecordingObserver, door: Door, options: dict[str, Any]
) -> None:
    began: list[str] = []

    async def body() -> AsyncIterator[bytes]:
        began.append("body")
        yield b"x"

    async def allowed(request: web.Request) -> None:
        began.append("allowed")
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0

    async def taken(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    app = web.Application()
    app.router.add_put("/", taken, expect_handler=allowed)
    async with a_mesh(registry, observer) as mesh, up(app, registry):
        for data in (body(), b"x"):
            async with door(mesh, "PUT", "/", data=data, **options) as response:
                assert await response.read() == b"x"
    assert began == ["allowed", "body", "allowed"]


async def test_an_upload_that_is_tracked_is_sent_once(registry: FakeRegistry, observer: RecordingObserver) -> None:
    async def unwell(request: web.BaseRequest) -> web.Response:
        return web.Response(status=503)

    async with a_mesh(registry, observer) as mesh, peer(registry, "ports", unwell) as one:
        tracker = aiohttp.UploadTracker()
        async with mesh.put("http://ports/", data=b"x", upload_tracker=tracker) as response:
            assert (response.status, len(one.received), tracker.attempts) == (503, 1, 1)
