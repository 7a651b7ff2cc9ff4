"""Who fails is left out, is asked now and then, and comes back; over real sockets."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from random import Random

import pytest
from aiohttp import web

import discovery
from discovery.config import MeshConfig
from discovery.live_settings import LiveSettings
from discovery.model import Outcome
from discovery.observer import Ejected, Readmitted
from discovery.runtime.mesh import Mesh
from discovery.runtime.surroundings import Surroundings
from discovery.testing.observer import RecordingObserver
from discovery.testing.peer import PeerHandler, peer
from discovery.testing.registry import FakeRegistry
from discovery.testing.servers import OK, Behaviour, Wire, misbehaving
from tests.discovery.runtime.support import DOORS, Door, NoWaiting, a_mesh, enrol, in_flight, known

NAMES = ("a", "b", "c")


class Ahead(NoWaiting):
    """A clock that a test puts forward."""

    ahead = 0.0

    def now(self) -> float:
        return super().now() + self.ahead


class Sick:
    """Handlers of three instances, of which those in ``who`` answer with ``status``."""

    def __init__(self) -> None:
        self.who: set[str] = set()
        self.status = 503
        self.seen: Counter[str] = Counter()

    def handler(self, name: str) -> PeerHandler:
        async def handle(request: web.BaseRequest) -> web.Response:
            self.seen[name] += 1
            return web.Response(status=self.status if name in self.who else 200, text=name)

        return handle


@asynccontextmanager
async def three(sick: Sick, observer: RecordingObserver, clock: Ahead) -> AsyncIterator[Mesh]:
    registry, backstage = FakeRegistry(), FakeRegistry()
    around = Surroundings(clock=clock, rng=Random(1), observer=observer)
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        peers = {name: await enter(peer(backstage, "ports", sick.handler(name), id=name)) for name in NAMES}
        config = MeshConfig(name="tests", connect_timeout_s=10.0, lookup_timeout_s=0.2)
        mesh = await enter(Mesh(config, registry, around=around))
        registry.replace("ports", [one.instance for one in peers.values()])
        await known(mesh)
        yield mesh


async def ask(mesh: Mesh, clock: Ahead, times: int, method: str = "GET") -> Counter[int]:
    """A call every ten milliseconds."""
    statuses: Counter[int] = Counter()
    for _ in range(times):
        clock.ahead += 0.01
        async with mesh.request(method, "http://ports/") as response:
            await response.read()
            statuses[response.status] += 1
    return statuses


async def put_out(mesh: Mesh, clock: Ahead, observer: RecordingObserver) -> None:
    """Ask until somebody is left out."""
    while not observer.told(Ejected):
        await ask(mesh, clock, 1)


@pytest.mark.parametrize("status", [500, 503])
async def test_two_broken_ones_of_three_cost_no_repeatable_call(observer: RecordingObserver, status: int) -> None:
    sick, clock = Sick(), Ahead()
    sick.status = status
    async with three(sick, observer, clock) as mesh:
        await ask(mesh, clock, 60)
        sick.who = {"a", "b"}
        sick.seen.clear()
        assert await ask(mesh, clock, 300) == {200: 300}
        assert sick.seen["a"] + sick.seen["b"] <= 12
        await put_out(mesh, clock, observer)
    # One that is avoided at once may not have failed often enough to be put out.
    assert {event.instance.id for event in observer.told(Ejected)} - {"a", "b"} == set()
    assert {event.reason for event in observer.told(Ejected)} == {str(status)}, "and somebody was"


async def test_a_broken_one_gets_few_posts(observer: RecordingObserver) -> None:
    sick, clock = Sick(), Ahead()
    async with three(sick, observer, clock) as mesh:
        await ask(mesh, clock, 60, "POST")
        sick.who = {"a", "b"}
        sick.seen.clear()
        await ask(mesh, clock, 300, "POST")
    assert max(sick.seen["a"], sick.seen["b"]) <= 5


async def test_it_is_asked_by_one_call_at_a_time_and_comes_back_when_it_is_well(observer: RecordingObserver) -> None:
    sick, clock = Sick(), Ahead()
    async with three(sick, observer, clock) as mesh:
        await ask(mesh, clock, 60)
        sick.who = {"a"}
        await put_out(mesh, clock, observer)
        assert [event.instance.id for event in observer.told(Ejected)] == ["a"]
        sick.seen.clear()
        await ask(mesh, clock, 30)
        assert sick.seen["a"] == 0, "it is out"

        clock.ahead += 2.0
        assert await ask(mesh, clock, 30) == {200: 30}
        assert sick.seen["a"] == 1, "one probe, in vain, and the call went elsewhere"
        probe = next(attempt for attempt in observer.attempts if attempt.probe)
        assert (probe.instance.id, probe.outcome, probe.ejected) == ("a", Outcome.UNAVAILABLE, 1)

        sick.who = set()
        clock.ahead += 10.0
        await ask(mesh, clock, 30)
        assert [event.instance.id for event in observer.told(Readmitted)] == ["a"]
        clock.ahead += 60.0
        sick.seen.clear()
        await ask(mesh, clock, 90)
        assert sick.seen["a"] > 0, "it has its part again; how large, the simulation holds"


async def test_a_post_is_no_probe(observer: RecordingObserver) -> None:
    sick, clock = Sick(), Ahead()
    async with three(sick, observer, clock) as mesh:
        await ask(mesh, clock, 60)
        sick.who = {"a"}
        await put_out(mesh, clock, observer)
        sick.seen.clear()
        clock.ahead += 2.0
        await ask(mesh, clock, 50, "POST")
        assert sick.seen["a"] == 0


async def test_when_all_fail_all_are_asked(observer: RecordingObserver) -> None:
    sick, clock = Sick(), Ahead()
    async with three(sick, observer, clock) as mesh:
        await ask(mesh, clock, 60)
        sick.who = set(NAMES)
        await ask(mesh, clock, 100)
        sick.seen.clear()
        await ask(mesh, clock, 60)
        assert min(sick.seen[name] for name in NAMES) >= 3
        assert len(mesh.directory("ports").plan.candidates) == 3


async def cuts(wire: Wire) -> None:
    """Answers at once, and breaks off in mid-body."""
    await wire.request()
    await wire.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    wire.reset()


async def garbles(wire: Wire) -> None:
    """Says that its body is compressed, which it is not."""
    await wire.request()
    await wire.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nhalf")
    await wire.closed()


async def answers(wire: Wire) -> None:
    while True:
        await wire.request()
        await wire.write(OK)


@pytest.mark.parametrize("breaks", [cuts, garbles])
async def test_a_body_that_breaks_off_is_a_failure_of_its_instance(
    registry: FakeRegistry, observer: RecordingObserver, breaks: Behaviour
) -> None:
    clock = Ahead()
    around = Surroundings(clock=clock, rng=Random(1), observer=observer)
    async with misbehaving(breaks) as bad, misbehaving(answers) as good:
        await enrol(registry, "bad", bad.address)
        await enrol(registry, "good", good.address)
        async with Mesh(MeshConfig(name="tests"), registry, around=around) as mesh:
            broken: Counter[str] = Counter()
            asked = 0
            # One that is avoided at once is put out only when it has been tried again.
            while asked < 300 or not observer.told(Ejected):
                asked += 1
                clock.ahead += 0.01
                async with mesh.get("http://ports/") as response:
                    try:
                        await response.read()
                    except Exception:  # noqa: BLE001 - aiohttp has several for that
                        (tried,) = discovery.attempts(response)
                        assert (tried.outcome, tried.status) == (Outcome.BROKEN, 200)
                        broken[tried.instance.id] += 1
    assert broken["bad"] <= 5
    assert broken["good"] == 0
    assert observer.told(Ejected)[0].reason == "broken"
    assert observer.unsettled() == []


async def test_what_our_own_time_cut_short_says_nothing_of_an_instance(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    async def slow(request: web.BaseRequest) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    async with (
        peer(registry, "ports", slow, id="a"),
        peer(registry, "ports", id="b"),
        Mesh(MeshConfig(name="tests"), registry, around=Surroundings(rng=Random(1), observer=observer)) as mesh,
    ):
        for _ in range(30):
            with suppress(discovery.DeadlineExceeded):
                async with mesh.get("http://ports/", timeout=0.01, attempts=1) as response:
                    await response.read()
    assert observer.told(Ejected) == []


async def test_a_call_may_say_its_own_number_of_attempts(registry: FakeRegistry, observer: RecordingObserver) -> None:
    sick = Sick()
    sick.who = {"a"}
    live = LiveSettings(attempts=2)
    config = MeshConfig(name="tests", live=live)
    async with peer(registry, "ports", sick.handler("a"), id="a"), Mesh(config, registry) as mesh:
        cases: list[tuple[discovery.CallOptions, int]] = [({}, 2), ({"attempts": 1}, 1), ({"attempts": 3}, 3)]
        for options, sent in cases:
            sick.seen.clear()
            async with mesh.get("http://ports/", **options) as response:
                assert response.status == 503
            assert sick.seen["a"] == sent


def nacking(nack: str, status: int = 503) -> PeerHandler:
    async def handle(request: web.BaseRequest) -> web.Response:
        return web.Response(status=status, headers={"Mesh-Nack": nack} if nack else {})

    return handle


@pytest.mark.parametrize(
    ("nack", "status"), [("busy", 503), ("draining", 503), ("", 429)], ids=["busy", "draining", "too many"]
)
async def test_a_probe_that_tells_nothing_is_as_rare_as_one_in_vain(
    registry: FakeRegistry, observer: RecordingObserver, nack: str, status: int
) -> None:
    clock = Ahead()
    around = Surroundings(clock=clock, rng=Random(1), observer=observer)
    async with (
        peer(registry, "ports", nacking(nack, status), id="a"),
        peer(registry, "ports", id="b"),
        Mesh(MeshConfig(name="tests"), registry, around=around) as mesh,
    ):
        await known(mesh)
        directory = mesh.directory("ports")
        out = next(one for one in directory.plan.candidates if one.instance.id == "a")
        for _ in range(3):
            directory.heard(out, works=False, now=clock.now(), probe=False, why="500")
        clock.ahead += 2.0
        statuses = await ask(mesh, clock, 100)
        assert sum(attempt.probe for attempt in observer.attempts) <= 3
        assert statuses[200] >= 97


async def test_a_call_without_time_is_no_probe(registry: FakeRegistry, observer: RecordingObserver) -> None:
    clock = Ahead()
    around = Surroundings(clock=clock, rng=Random(1), observer=observer)
    async with (
        peer(registry, "ports", id="a"),
        peer(registry, "ports", id="b"),
        Mesh(MeshConfig(name="tests"), registry, around=around) as mesh,
    ):
        await known(mesh)
        directory = mesh.directory("ports")
        out = directory.plan.candidates[0]
        for _ in range(3):
            directory.heard(out, works=False, now=clock.now(), probe=False, why="500")
        clock.ahead += 2.0
        options: list[discovery.CallOptions] = [{"timeout": 0}, {"attempts": 1}, {"timeout": 1}]
        for each in options:
            with suppress(discovery.DeadlineExceeded):
                await (await mesh.get("http://ports/", **each)).read()
        assert not any(attempt.probe for attempt in observer.attempts)
        assert out.standing.is_due(clock.now())


class Raising(RecordingObserver):
    def sending(self, *_: object) -> None:
        raise ZeroDivisionError


async def test_an_observer_that_raises_leaves_nothing_behind(registry: FakeRegistry) -> None:
    around = Surroundings(observer=Raising())
    async with peer(registry, "ports"), Mesh(MeshConfig(name="tests"), registry, around=around) as mesh:
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                await mesh.get("http://ports/")
        directory = mesh.directory("ports")
        assert (directory.room.taken, [one.load.in_flight for one in directory.plan.candidates]) == (0, [0])


async def half(wire: Wire) -> None:
    """Answers at once, and never ends its body."""
    await wire.request()
    await wire.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    await wire.closed()


@pytest.mark.parametrize("door", DOORS)
async def test_a_body_that_never_ends_is_broken_when_its_time_is_over(
    registry: FakeRegistry, observer: RecordingObserver, caplog: pytest.LogCaptureFixture, door: Door
) -> None:
    around = Surroundings(rng=Random(1), observer=observer)
    live = LiveSettings(timeout_s=0.3)
    async with misbehaving(half) as bad, Mesh(MeshConfig(name="tests", live=live), registry, around=around) as mesh:
        await enrol(registry, "bad", bad.address)
        async with door(mesh, "GET", "/") as response:
            with pytest.raises(TimeoutError):
                await response.read()
            assert [(a.outcome, a.status) for a in discovery.attempts(response)] == [(Outcome.BROKEN, 200)]
        assert in_flight(mesh) == {"bad": 0}
    assert observer.unsettled() == []
    assert not [record for record in caplog.records if "released" in record.getMessage()], "somebody was reading it"


async def test_who_is_described_anew_in_mid_call_has_been_tried_all_the_same(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    backstage = FakeRegistry()

    async def changes(request: web.BaseRequest) -> web.Response:
        registry.replace("ports", [replace(a.instance, tags=("other",)), b.instance])
        while mesh.directory("ports").plan.candidates[0].instance.tags != ("other",):
            await mesh.directory("ports").changed()
        return web.Response(status=503)

    async with (
        a_mesh(registry, observer) as mesh,
        peer(backstage, "ports", changes, id="a") as a,
        peer(backstage, "ports", id="b") as b,
    ):
        registry.replace("ports", [a.instance, b.instance])
        async with mesh.get("http://ports/") as response:
            assert [attempt.instance.id for attempt in discovery.attempts(response)] == ["a", "b"]
