"""Time: what our caller still gives us bounds what we ask of others, and everybody on the way knows it."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from discovery import wire
from discovery.call_errors import CallFailed, DeadlineExceeded
from discovery.clock import SystemClock
from discovery.live_settings import LiveSettings
from discovery.model import Outcome
from discovery.runtime import context
from discovery.testing.clock import FakeClock
from discovery.testing.observer import RecordingObserver
from discovery.testing.peer import peer
from discovery.testing.registry import FakeRegistry
from discovery.testing.servers import drips, misbehaving, never_answers
from tests.discovery.runtime.failing import answers
from tests.discovery.runtime.support import DOORS, Door, a_mesh, busy_connections, enrol, in_flight, known, outcomes


def given_by_our_caller(seconds: float | None, clock: SystemClock | FakeClock) -> None:
    """Be in a request whose caller gives us so much time. A test has a context of its own."""
    context.current.set(context.RequestContext(deadline_at=None if seconds is None else clock.now() + seconds))


@pytest.mark.parametrize(
    ("options", "callers_s", "sent"),
    [
        pytest.param({}, None, "15000", id="the default"),
        pytest.param({"timeout": 2.5}, None, "2500", id="of this call"),
        pytest.param({"timeout": aiohttp.ClientTimeout(total=2.5)}, None, "2500", id="as aiohttp says it"),
        pytest.param({}, 1.25, "1250", id="our caller's, when that is shorter"),
        pytest.param({"timeout": 0.75}, 1.25, "750", id="ours, when that is"),
        pytest.param({"timeout": None}, 1.25, "1250", id="our caller's, where we have none"),
        pytest.param({"timeout": None}, None, None, id="none at all"),
        pytest.param({"timeout": 1e300}, None, "99999999", id="longer than the world lasts"),
        pytest.param({"headers": {wire.DEADLINE: "9"}}, None, "15000", id="never what a caller of ours made up"),
    ],
)
async def test_the_time_that_is_left_goes_on_the_wire(
    registry: FakeRegistry,
    observer: RecordingObserver,
    options: dict[str, Any],
    callers_s: float | None,
    sent: str | None,
) -> None:
    clock = FakeClock()
    given_by_our_caller(callers_s, clock)
    async with a_mesh(registry, observer, clock) as mesh, peer(registry, "ports") as one:
        async with mesh.get("http://ports/", **options):
            pass

        assert [each.headers.get(wire.DEADLINE) for each in one.received] == [sent]


@pytest.mark.parametrize("timeout", [math.inf, -math.inf, math.nan, aiohttp.ClientTimeout(total=math.nan)], ids=str)
async def test_a_timeout_that_is_not_finite_is_refused(
    registry: FakeRegistry, observer: RecordingObserver, timeout: float | aiohttp.ClientTimeout
) -> None:
    async with a_mesh(registry, observer) as mesh:
        with pytest.raises(ValueError, match=r"timeout is a finite number of seconds, not below zero, got (-?inf|nan)"):
            await mesh.get("http://ports/", timeout=timeout)


async def test_a_later_attempt_says_how_much_is_left_then(registry: FakeRegistry, observer: RecordingObserver) -> None:
    clock = FakeClock()

    async def refuse_late(request: web.BaseRequest) -> web.Response:
        await clock.advance(0.5)
        return web.Response(status=503, headers={wire.NACK: wire.NACK_DRAINING})

    async with (
        a_mesh(registry, observer, clock) as mesh,
        peer(registry, "ports", refuse_late, id="a") as first,
        peer(registry, "ports", id="b") as second,
        mesh.get("http://ports/", timeout=2),
    ):
        told = [each.headers[wire.DEADLINE] for one in (first, second) for each in one.received]
    assert told == ["2000", "1500"]


@pytest.mark.parametrize("door", DOORS)
async def test_when_time_runs_out_it_is_said_so_and_nothing_is_left_open(
    registry: FakeRegistry, observer: RecordingObserver, door: Door
) -> None:
    clock = SystemClock()
    began = clock.now()
    given_by_our_caller(0.15, clock)
    async with a_mesh(registry, observer, clock) as mesh, misbehaving(never_answers) as server:
        await enrol(registry, "a", server.address)
        with pytest.raises(DeadlineExceeded, match=r"^no response from ports in time: 1\. a: timed-out") as caught:
            async with door(mesh, "GET", "/"):
                pytest.fail("there was no answer")

        assert 0.15 <= clock.now() - began < 1
        assert isinstance(caught.value, (TimeoutError, aiohttp.ClientError))
        assert (in_flight(mesh), busy_connections(mesh)) == ({"a": 0}, 0)
    assert observer.unsettled() == []


@pytest.mark.parametrize("door", DOORS)
async def test_the_limit_of_an_attempt_leaves_time_for_another_one(
    registry: FakeRegistry, observer: RecordingObserver, door: Door
) -> None:
    mesh = a_mesh(registry, observer, live=LiveSettings(timeout_s=20, attempt_timeout_s=0.05))
    async with mesh, misbehaving(never_answers) as server, peer(registry, "ports", id="b"):
        await enrol(registry, "a", server.address)
        async with door(mesh, "GET", "/") as response:
            assert await response.text() == "b"
    assert outcomes(observer) == [Outcome.TIMED_OUT, Outcome.ANSWERED]


@pytest.mark.parametrize(
    ("method", "attempts"), [pytest.param("GET", 1, id="the last"), pytest.param("POST", 3, id="not to be repeated")]
)
async def test_an_attempt_that_is_the_last_in_any_case_gets_all_the_time(
    registry: FakeRegistry, observer: RecordingObserver, method: str, attempts: int
) -> None:
    answer = asyncio.Event()

    async def slow(request: web.BaseRequest) -> web.Response:
        await SystemClock().sleep(0.15)
        answer.set()
        return web.Response()

    mesh = a_mesh(registry, observer, live=LiveSettings(timeout_s=20, attempt_timeout_s=0.05, attempts=attempts))
    async with mesh, peer(registry, "ports", slow), mesh.request(method, "http://ports/") as response:
        assert (response.status, answer.is_set()) == (200, True)


@pytest.mark.parametrize(
    "said", [{"sock_read": 0.1}, {"total": None, "sock_read": 0.1}, {"total": 9, "sock_read": 0.1}]
)
async def test_the_parts_of_a_timeout_are_obeyed(
    registry: FakeRegistry, observer: RecordingObserver, said: dict[str, Any]
) -> None:
    mesh = a_mesh(registry, observer, live=LiveSettings(timeout_s=60, attempt_timeout_s=60))
    async with mesh, misbehaving(never_answers) as server:
        await enrol(registry, "a", server.address)
        with pytest.raises(CallFailed, match=r"1\. a: timed-out") as caught:
            await mesh.post("http://ports/", timeout=aiohttp.ClientTimeout(**said))
    assert not isinstance(caught.value, DeadlineExceeded)


async def test_who_says_that_there_is_no_limit_waits_longer_than_an_attempt_may_take(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    async def slow(request: web.BaseRequest) -> web.Response:
        await SystemClock().sleep(0.15)
        return web.Response()

    mesh = a_mesh(registry, observer, live=LiveSettings(timeout_s=0.05, attempt_timeout_s=0.05))
    async with mesh, peer(registry, "ports", slow):
        for timeout in (None, aiohttp.ClientTimeout(), aiohttp.ClientTimeout(sock_read=30)):
            async with mesh.post("http://ports/", timeout=timeout) as response:
                assert response.status == 200


async def test_the_deadline_bounds_the_body_too(registry: FakeRegistry, observer: RecordingObserver) -> None:
    mesh = a_mesh(registry, observer)
    async with mesh, misbehaving(drips) as server:
        await enrol(registry, "a", server.address)
        async with mesh.get("http://ports/", timeout=0.5) as response:
            assert in_flight(mesh) == {"a": 1}
            with pytest.raises(TimeoutError):
                await response.read()

        assert (in_flight(mesh), busy_connections(mesh)) == ({"a": 0}, 0)
    assert observer.unsettled() == []


@pytest.mark.parametrize("left_s", [0.0, -3.0])
@pytest.mark.parametrize("door", DOORS)
async def test_nothing_is_sent_when_the_time_is_up_already(
    registry: FakeRegistry, observer: RecordingObserver, door: Door, left_s: float
) -> None:
    given_by_our_caller(left_s, SystemClock())
    async with a_mesh(registry, observer) as mesh, peer(registry, "ports") as one:
        await known(mesh)
        with pytest.raises(DeadlineExceeded, match=r"^no response from ports in time$"):
            async with door(mesh, "GET", "/"):
                pytest.fail("it must not be sent")

        assert one.received == []
    assert len(observer.calls) == 1
    assert observer.unsettled() == []


async def test_an_answer_that_came_in_time_is_returned_when_a_retry_runs_out_of_it(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    mesh = a_mesh(registry, observer)
    async with mesh, peer(registry, "ports", answers(503), id="a"), misbehaving(never_answers) as server:
        await enrol(registry, "b", server.address)
        async with mesh.get("http://ports/", timeout=0.5) as response:
            assert response.status == 503
    assert outcomes(observer) == [Outcome.UNAVAILABLE, Outcome.TIMED_OUT]
