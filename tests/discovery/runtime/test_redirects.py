"""Redirects: followed when asked for, by every door alike, each hop as a call of its own."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web

import discovery
from discovery import wire
from discovery.call_errors import CallFailed, DeadlineExceeded
from discovery.clock import SystemClock
from discovery.live_settings import LiveSettings
from discovery.model import Outcome
from discovery.testing.observer import RecordingObserver
from discovery.testing.peer import PeerHandler, peer
from discovery.testing.registry import FakeRegistry
from discovery.testing.servers import misbehaving, never_answers
from tests.discovery.runtime.failing import answers, dead, saying
from tests.discovery.runtime.support import (
    Door,
    a_mesh,
    busy_connections,
    by_mesh,
    by_public,
    by_service,
    by_session,
    enrol,
    in_flight,
    outcomes,
)

DOORS: list[Door] = [by_mesh, by_service, by_public, by_session]


def leads(status: int, location: str) -> PeerHandler:
    """Answers with a redirect."""
    return answers(status, Location=location)


def step_by_step(*locations: str) -> PeerHandler:
    """Redirects to each of *locations* in turn, and then answers."""
    left = list(locations)

    async def handler(request: web.BaseRequest) -> web.Response:
        if left:
            return web.Response(status=307, headers={"Location": left.pop(0)})
        return web.Response(text="there")

    return handler


async def streamed() -> AsyncIterator[bytes]:
    yield b"piece"


@pytest.mark.parametrize("door", DOORS)
async def test_a_post_that_was_answered_by_a_redirect_is_never_made_again(
    registry: FakeRegistry, observer: RecordingObserver, door: Door
) -> None:
    async with (
        a_mesh(registry, observer) as mesh,
        peer(registry, "ports", leads(303, "http://laptops/x"), id="a") as one,
        peer(registry, "ports", leads(303, "http://laptops/x"), id="b") as other,
    ):
        await enrol(registry, "gone", "127.0.0.1:1", "laptops")
        with pytest.raises(CallFailed, match="no response from laptops"):
            async with door(mesh, "POST", "/", data=b"once", allow_redirects=True):
                pytest.fail("nobody is there")
        assert [each.body for each in one.received + other.received] == [b"once"]
        assert (in_flight(mesh), busy_connections(mesh)) == ({"a": 0, "b": 0}, 0)
    assert observer.unsettled() == []


@pytest.mark.parametrize("door", DOORS)
async def test_a_redirect_to_an_ordinary_url_that_refuses_makes_no_call_again(
    registry: FakeRegistry, observer: RecordingObserver, door: Door
) -> None:
    async with a_mesh(registry, observer) as mesh, peer(registry, "ports", leads(303, "http://127.0.0.1:1/")) as one:
        with pytest.raises(aiohttp.ClientConnectorError):
            async with door(mesh, "POST", "/", data=b"once", allow_redirects=True):
                pytest.fail("nobody is there")
    assert len(one.received) == 1
    assert observer.unsettled() == []


@pytest.mark.parametrize("door", DOORS)
async def test_each_hop_is_a_call_with_attempts_of_its_own(
    registry: FakeRegistry, observer: RecordingObserver, door: Door
) -> None:
    async with (
        a_mesh(registry, observer) as mesh,
        peer(registry, "ports", step_by_step("/next?a=b")) as ports,
        dead(registry, "a"),
    ):
        await registry.deregister("a")
        with_failing = saying(503, Mesh_Nack="draining")(registry, "0-first")
        async with with_failing, door(mesh, "GET", "/", allow_redirects=True) as response:
            assert (response.status, await response.text()) == (200, "there")
            assert [each.status for each in response.history] == [307]
            assert discovery.attempts(response)[-1].outcome is Outcome.ANSWERED
        assert [each.path for each in ports.received] == ["/", "/next?a=b"]
    assert [call.call.path for call in observer.calls] == ["/", "/next?a=b"]
    assert outcomes(observer) == [Outcome.NACKED, Outcome.ANSWERED, Outcome.NACKED, Outcome.ANSWERED]


@pytest.mark.parametrize(
    ("status", "method", "becomes", "body"),
    [
        (301, "POST", "GET", b""),
        (302, "POST", "GET", b""),
        (303, "POST", "GET", b""),
        (303, "PUT", "GET", b""),
        (303, "HEAD", "HEAD", b""),
        (301, "PUT", "PUT", b"x"),
        (307, "POST", "POST", b"x"),
        (308, "PATCH", "PATCH", b"x"),
    ],
)
@pytest.mark.parametrize("door", DOORS)
async def test_the_method_and_the_body_change_as_the_standard_says(
    registry: FakeRegistry,
    observer: RecordingObserver,
    door: Door,
    status: int,
    method: str,
    becomes: str,
    body: bytes,
) -> None:
    async with (
        a_mesh(registry, observer) as mesh,
        peer(registry, "ports", leads(status, "http://laptops/y")),
        peer(registry, "laptops") as laptops,
    ):
        data = None if method == "HEAD" else b"x"
        async with door(mesh, method, "/x", data=data, allow_redirects=True) as response:
            assert (response.status, response.url.path) == (200, "/y")
    assert [(each.method, each.path, each.body) for each in laptops.received] == [(becomes, "/y", body)]


@pytest.mark.parametrize(
    ("location", "kept"), [("/y", True), ("http://ports/y", True), ("http://laptops/y", False), ("ordinary", False)]
)
@pytest.mark.parametrize("door", DOORS)
async def test_secrets_stay_with_the_service_they_were_for(
    registry: FakeRegistry, observer: RecordingObserver, door: Door, location: str, kept: bool
) -> None:
    headers = {"Authorization": "me", "Cookie": "a=b", "X-Mine": "1"}
    async with a_mesh(registry, observer) as mesh, peer(registry, "laptops") as laptops:
        if location == "ordinary":
            location = f"http://{laptops.instance.address}/y"
        async with (
            peer(registry, "ports", step_by_step(location)) as ports,
            door(mesh, "GET", "/", headers=headers, allow_redirects=True),
        ):
            pass
    last = (ports.received + laptops.received)[-1]
    assert last.path == "/y"
    assert [name for name in headers if name in last.headers] == (list(headers) if kept else ["X-Mine"])


@pytest.mark.parametrize("door", DOORS)
async def test_there_is_an_end_to_redirects(registry: FakeRegistry, observer: RecordingObserver, door: Door) -> None:
    async with a_mesh(registry, observer) as mesh, peer(registry, "ports", leads(302, "/"), id="a") as one:
        for options, requests in (({}, 10), ({"max_redirects": 3}, 3)):
            one.received.clear()
            with pytest.raises(aiohttp.TooManyRedirects):
                async with door(mesh, "GET", "/", allow_redirects=True, **options):
                    pytest.fail("it never ends")
            assert len(one.received) == requests
        assert (in_flight(mesh), busy_connections(mesh)) == ({"a": 0}, 0)
    assert observer.unsettled() == []


@pytest.mark.parametrize("stream", [streamed, lambda: io.BytesIO(b"piece")], ids=["a generator", "a file"])
@pytest.mark.parametrize("door", DOORS)
async def test_a_stream_is_not_sent_on_as_an_empty_body(
    registry: FakeRegistry, observer: RecordingObserver, door: Door, stream: Callable[[], Any]
) -> None:
    async with (
        a_mesh(registry, observer) as mesh,
        peer(registry, "ports", leads(307, "http://laptops/")),
        peer(registry, "laptops") as laptops,
    ):
        try:
            async with door(mesh, "POST", "/", data=stream(), allow_redirects=True):
                pass
        except aiohttp.ClientPayloadError:
            pass
    assert [each.body for each in laptops.received] in ([], [b"piece"])
    assert observer.unsettled() == []


async def test_the_time_of_a_call_is_that_of_all_its_hops(registry: FakeRegistry, observer: RecordingObserver) -> None:
    async def after_a_while(request: web.BaseRequest) -> web.Response:
        await SystemClock().sleep(0.2)
        return web.Response(status=302, headers={"Location": "http://laptops/"})

    async with (
        a_mesh(registry, observer) as mesh,
        peer(registry, "ports", after_a_while),
        misbehaving(never_answers) as silent,
    ):
        await enrol(registry, "silent", silent.address, "laptops")
        with pytest.raises(DeadlineExceeded):
            await mesh.get("http://ports/", timeout=0.6, allow_redirects=True)
        head = silent.requests[-1].decode().lower()
    (left,) = [line.split(": ")[1] for line in head.splitlines() if line.startswith("mesh-deadline-ms")]
    assert int(left) <= 400
    assert observer.unsettled() == []


async def by_ordinary_mesh(mesh: discovery.Mesh, url: str) -> aiohttp.ClientResponse:
    return await mesh.get(url)


async def by_foreign_session(mesh: discovery.Mesh, url: str) -> aiohttp.ClientResponse:
    async with aiohttp.ClientSession(middlewares=[mesh.middleware]) as session, session.get(url) as response:
        await response.read()
        return response


@pytest.mark.parametrize("get", [by_ordinary_mesh, by_foreign_session])
async def test_an_ordinary_url_may_lead_into_the_mesh(
    registry: FakeRegistry,
    observer: RecordingObserver,
    get: Callable[[discovery.Mesh, str], Awaitable[aiohttp.ClientResponse]],
) -> None:
    async with (
        a_mesh(registry, observer) as mesh,
        peer(registry, "outside", leads(302, "http://ports/y")) as outside,
        peer(registry, "ports") as one,
    ):
        response = await get(mesh, f"http://{outside.instance.address}/x")
        assert (await response.text(), len(discovery.attempts(response))) == (one.instance.id, 1)


@pytest.mark.parametrize("location", ["ftp://ports/", "http://", "http://[::1/"])
@pytest.mark.parametrize("door", DOORS)
async def test_a_location_that_leads_nowhere_is_an_error(
    registry: FakeRegistry, observer: RecordingObserver, door: Door, location: str
) -> None:
    async with a_mesh(registry, observer) as mesh, peer(registry, "ports", leads(302, location)) as one:
        with pytest.raises(aiohttp.ClientError, match=r"ftp|http"):
            async with door(mesh, "GET", "/", allow_redirects=True):
                pytest.fail("there is no such place")
    assert len(one.received) == 1
    assert observer.unsettled() == []


async def test_a_call_that_is_cancelled_in_a_later_hop_leaves_nothing(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    async with (
        a_mesh(registry, observer) as mesh,
        peer(registry, "ports", leads(302, "http://laptops/"), id="a"),
        misbehaving(never_answers) as silent,
    ):
        await enrol(registry, "silent", silent.address, "laptops")

        async def call() -> None:
            async with mesh.get("http://ports/", allow_redirects=True):
                pass

        calling = asyncio.create_task(call())
        await observer.until(lambda: len(observer.sent) == 2)
        calling.cancel()
        await asyncio.wait([calling])
        assert calling.cancelled()
        assert (in_flight(mesh, "laptops"), busy_connections(mesh)) == ({"silent": 0}, 0)
    assert observer.unsettled() == []


async def test_a_call_that_follows_goes_by_the_rules_of_its_route(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    routes = {"GET ports/slow": LiveSettings(timeout_s=3.0, attempt_timeout_s=1.0)}
    async with a_mesh(registry, observer, routes=routes) as mesh, peer(registry, "ports") as one:
        for path in ("/slow", "/other"):
            async with mesh.get(f"http://ports{path}", allow_redirects=True) as response:
                await response.read()
    left_s = [int(received.headers[wire.DEADLINE]) / 1000 for received in one.received]
    assert left_s[0] <= 3.0 < left_s[1]
