"""A service has room for so many calls: those beyond wait in turn, and what only waited was not sent."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import aiohttp
import pytest
from aiohttp import web

from discovery.call_errors import DeadlineExceeded, Overflow
from discovery.live_settings import LiveSettings
from discovery.runtime.mesh import Mesh
from discovery.testing.clock import FakeClock
from discovery.testing.observer import RecordingObserver
from discovery.testing.peer import Peer, peer
from discovery.testing.registry import FakeRegistry
from tests.discovery.runtime.support import DOORS, Door, a_mesh, in_flight, known

PATIENCE_S = 2.0


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def narrow(registry: FakeRegistry, observer: RecordingObserver, clock: FakeClock, concurrency: int = 1) -> Mesh:
    live = LiveSettings(concurrency=concurrency, timeout_s=60, attempt_timeout_s=30)
    return a_mesh(registry, observer, clock, live=live, lookup_timeout_s=PATIENCE_S)


def hanging(mesh: Mesh, door: Door, method: str = "POST", path: str = "/") -> asyncio.Task[str]:
    async def call() -> str:
        async with door(mesh, method, path) as response:
            return await response.text()

    return asyncio.create_task(call())


async def received(one: Peer, number: int) -> None:
    """Wait until somebody has been sent so many requests."""
    async with asyncio.timeout(10):
        while len(one.received) < number:
            await FakeClock().settle()


class Gate:
    """A handler that answers when it is opened."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()

    async def __call__(self, request: web.BaseRequest) -> web.Response:
        await self.opened.wait()
        return web.Response(text="through")

    async def in_parts(self, request: web.BaseRequest) -> web.StreamResponse:
        """The head comes at once."""
        response = web.StreamResponse()
        await response.prepare(request)
        await self.opened.wait()
        return response


@pytest.mark.parametrize("door", DOORS)
async def test_what_only_waited_for_its_turn_was_not_sent(
    registry: FakeRegistry, observer: RecordingObserver, clock: FakeClock, door: Door
) -> None:
    gate = Gate()
    async with narrow(registry, observer, clock) as mesh, peer(registry, "ports", gate, id="a") as one:
        first = hanging(mesh, door)
        await received(one, 1)
        second = hanging(mesh, door)
        await clock.advance(PATIENCE_S)
        with pytest.raises(Overflow) as caught:
            await second
        gate.opened.set()
        assert await first == "through"

    assert str(caught.value) == "1 calls to ports are under way, and none ended in 2 s: nothing was sent"
    assert isinstance(caught.value, aiohttp.ClientError)
    assert (caught.value.attempts, len(one.received)) == ((), 1)
    (waited,) = [told.call for told in observer.calls if told.call.error is not None]
    assert (waited.queued_s, waited.attempts, waited.lookup) == (PATIENCE_S, (), None)


async def test_what_goes_through_aiohttps_session_is_counted_too(
    registry: FakeRegistry, observer: RecordingObserver, clock: FakeClock
) -> None:
    gate = Gate()
    async with narrow(registry, observer, clock) as mesh, peer(registry, "ports", gate, id="a") as one:
        calls = [asyncio.create_task(mesh.get("http://ports/", compress=way).__aenter__()) for way in (None, False)]
        await received(one, 1)
        await clock.advance(PATIENCE_S)
        gate.opened.set()
        (await calls[0]).release()
        with pytest.raises(Overflow):
            await calls[1]

    assert len(one.received) == 1


async def test_a_call_waits_no_longer_than_it_may_last(
    registry: FakeRegistry, observer: RecordingObserver, clock: FakeClock
) -> None:
    gate = Gate()
    async with narrow(registry, observer, clock) as mesh, peer(registry, "ports", gate, id="a") as one:
        first = asyncio.create_task(mesh.request("GET", "http://ports/").__aenter__())
        await received(one, 1)
        second = asyncio.create_task(mesh.request("GET", "http://ports/", timeout=0.5).__aenter__())
        await clock.advance(0.5)
        with pytest.raises(Overflow):
            await second
        gate.opened.set()
        (await first).release()


async def test_the_next_one_goes_when_an_answer_was_read(
    registry: FakeRegistry, observer: RecordingObserver, clock: FakeClock
) -> None:
    gate = Gate()
    async with narrow(registry, observer, clock) as mesh, peer(registry, "ports", gate.in_parts, id="a") as one:
        async with mesh.get("http://ports/first") as first:
            second, third = (asyncio.create_task(mesh.get(f"http://ports/{name}").__aenter__()) for name in "23")
            await clock.advance(0.5)
            assert len(one.received) == 1
            gate.opened.set()
            await first.read()
        (await second).release()
        (await third).release()

    assert [request.path for request in one.received] == ["/first", "/2", "/3"]
    assert [told.call.queued_s for told in observer.calls] == [0.0, 0.5, 0.5]


async def test_a_turn_that_comes_as_time_is_over_goes_to_the_next(
    registry: FakeRegistry, observer: RecordingObserver, clock: FakeClock
) -> None:
    gate = Gate()
    async with narrow(registry, observer, clock) as mesh, peer(registry, "ports", gate.in_parts, id="a") as one:
        first = await mesh.get("http://ports/first")
        clock.call_later(0.5, first.release)
        second = asyncio.create_task(mesh.get("http://ports/second", timeout=0.5).__aenter__())
        await clock.settle()
        third = asyncio.create_task(mesh.get("http://ports/third").__aenter__())
        await clock.advance(0.5)
        with pytest.raises(DeadlineExceeded):
            await second
        async with asyncio.timeout(10):
            (await third).release()

    assert [request.path for request in one.received] == ["/first", "/third"]


async def test_a_service_that_hangs_takes_no_room_from_another(
    registry: FakeRegistry, observer: RecordingObserver, clock: FakeClock
) -> None:
    gate = Gate()
    async with AsyncExitStack() as stack:
        mesh = await stack.enter_async_context(narrow(registry, observer, clock, concurrency=3))
        stuck = await stack.enter_async_context(peer(registry, "ports", gate, id="a"))
        await stack.enter_async_context(peer(registry, "laptops", id="b"))
        calls = [hanging(mesh, DOORS[0]) for _ in range(5)]
        await received(stuck, 3)
        async with mesh.get("http://laptops/") as response:
            assert await response.text() == "b"
        gate.opened.set()
        assert await asyncio.gather(*calls) == ["through"] * 5


async def test_an_instance_that_has_its_part_is_passed_by_for_others(
    registry: FakeRegistry, observer: RecordingObserver, clock: FakeClock
) -> None:
    gate = Gate()
    async with (
        narrow(registry, observer, clock, concurrency=4) as mesh,
        peer(registry, "ports", gate, id="a") as stuck,
        peer(registry, "ports", id="b") as free,
    ):
        await known(mesh)
        calls = [hanging(mesh, DOORS[0]) for _ in range(2)]
        await received(stuck, 2)
        for _ in range(5):
            async with asyncio.timeout(10), mesh.post("http://ports/") as response:
                assert await response.text() == "b"
        assert (len(stuck.received), len(free.received)) == (2, 5), "the balancer of this test would take the first"
        gate.opened.set()
        await asyncio.gather(*calls)
        assert in_flight(mesh) == {"a": 0, "b": 0}


async def test_a_call_that_finds_no_room_to_be_repeated_ends_with_what_it_has(
    registry: FakeRegistry, observer: RecordingObserver, clock: FakeClock
) -> None:
    others: list[asyncio.Task[str]] = []
    gate = Gate()

    async def unavailable(request: web.BaseRequest) -> web.StreamResponse:
        if request.method == "POST":
            return await gate(request)
        others.append(hanging(mesh, DOORS[0]))  # it waits for its turn, and gets it before the next attempt
        await clock.settle()
        return web.Response(status=503)

    async with narrow(registry, observer, clock) as mesh, peer(registry, "ports", unavailable, id="a") as one:
        await known(mesh)
        call = hanging(mesh, DOORS[0], "GET")
        await received(one, 2)
        await clock.advance(PATIENCE_S)
        assert await call == ""
        gate.opened.set()
        assert await asyncio.gather(*others) == ["through"]

    assert [request.method for request in one.received] == ["GET", "POST"]
    assert len(observer.calls[0].attempts) == 1


async def test_the_bound_is_live(registry: FakeRegistry, observer: RecordingObserver, clock: FakeClock) -> None:
    gate = Gate()
    mesh = a_mesh(registry, observer, clock, lookup_timeout_s=PATIENCE_S)
    registry.set_values({"mesh/tests/concurrency": "1"})
    async with mesh, peer(registry, "ports", gate, id="a") as one:
        await known(mesh)
        await clock.settle()
        calls = [hanging(mesh, DOORS[0]) for _ in range(2)]
        await received(one, 1)
        await clock.advance(1.0)
        assert len(one.received) == 1
        registry.set_values({"mesh/tests/concurrency": "2"})
        await received(one, 2)
        gate.opened.set()
        assert await asyncio.gather(*calls) == ["through"] * 2
