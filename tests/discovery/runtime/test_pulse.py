"""The pulse: what no single call can tell is told once a second, by a task that the mesh owns."""

from __future__ import annotations

from discovery.errors import RegistryUnavailable
from discovery.model import Followed, Instance, Target
from discovery.observer import Pulse
from discovery.testing.clock import FakeClock
from discovery.testing.observer import RecordingObserver
from discovery.testing.registry import FakeRegistry
from discovery.testing.servers import closes_idle, drips, misbehaving
from tests.discovery.runtime.support import a_mesh, enrol

PORTS = Target("ports")


class Late(FakeClock):
    """Wakes sleepers later than they asked for, as a busy event loop does."""

    late_s = 0.0

    async def sleep(self, seconds: float, /) -> None:
        await super().sleep(seconds + self.late_s)


def last(observer: RecordingObserver) -> Pulse:
    return observer.told(Pulse)[-1]


async def test_a_pulse_a_second_and_none_after_the_mesh(registry: FakeRegistry, observer: RecordingObserver) -> None:
    clock = FakeClock()
    async with a_mesh(registry, observer, clock):
        await clock.advance(10)
        assert observer.told(Pulse) == [Pulse(0.0, ())] * 10
    assert clock.sleepers == 0


async def test_it_says_by_how_much_the_event_loop_was_late(registry: FakeRegistry, observer: RecordingObserver) -> None:
    clock = Late()
    clock.late_s = 0.25
    async with a_mesh(registry, observer, clock):
        await clock.advance(5)
    assert {pulse.loop_lag_s for pulse in observer.told(Pulse)} == {0.25}


async def test_it_closes_the_connections_of_instances_that_left(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    clock = FakeClock()
    async with a_mesh(registry, observer, clock) as mesh, misbehaving(closes_idle(after_s=60)) as one:
        await enrol(registry, "a", one.address)
        await clock.advance(1)
        for _ in range(2):
            await mesh.get("http://ports/")
        assert one.connections == 1, "it is kept"
        (line,) = mesh.directory("ports").lines()
        await enrol(registry, "b", "127.0.0.1:1")
        await registry.deregister("a")
        await clock.advance(1)
        assert (line.steady.closed, line.careful.closed) == (True, True)
        assert mesh.directory("ports").retired() == [], "it is told once"


async def test_a_connection_in_use_is_closed_only_when_it_is_free(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    clock = FakeClock()
    async with a_mesh(registry, observer, clock) as mesh, misbehaving(drips) as one:
        await enrol(registry, "a", one.address)
        async with mesh.get("http://ports/", timeout=None) as response:
            (line,) = mesh.directory("ports").lines()
            await enrol(registry, "b", "127.0.0.1:1")
            await registry.deregister("a")
            await clock.advance(3)
            assert not line.steady.closed
            assert await response.content.readexactly(3) == b"..."
        await clock.advance(1)
        assert line.steady.closed


async def test_who_has_just_left_keeps_its_connections_while_it_is_the_last_resort(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    clock = FakeClock()
    async with a_mesh(registry, observer, clock) as mesh, misbehaving(closes_idle(after_s=60)) as one:
        await enrol(registry, "a", one.address)
        await mesh.get("http://ports/")
        (line,) = mesh.directory("ports").lines()
        await registry.deregister("a")
        for _ in range(3):
            await clock.advance(1)
            assert (await mesh.get("http://ports/")).status == 200
        await enrol(registry, "b", "127.0.0.1:1")
        await clock.advance(2)
        assert line.steady.closed


async def test_it_says_how_old_a_view_is_and_how_many_retries_are_left(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    clock = FakeClock()
    registry.replace("ports", [Instance(id="p1", service="ports", host="127.0.0.1", port=1)])
    async with a_mesh(registry, observer, clock) as mesh:
        directory = mesh.directory("ports")
        await clock.advance(1)
        assert last(observer).followed == (Followed(PORTS, 1.0, 0.0, 10.0),)
        directory.budget.withdraw(clock.now())
        await clock.advance(1)
        assert last(observer).followed == (Followed(PORTS, 2.0, 0.0, 9.0),)


async def test_a_watch_lags_from_the_first_failure_on_until_the_registry_is_back(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    clock = FakeClock()
    registry.fail(RegistryUnavailable("away"))
    async with a_mesh(registry, observer, clock) as mesh:
        mesh.directory("ports")
        await clock.advance(30)
        assert last(observer).followed == (Followed(PORTS, None, 30.0, 10.0),), "it has never answered"
        registry.heal()
        registry.replace("ports", [Instance(id="p1", service="ports", host="127.0.0.1", port=1)])
        await clock.advance(60)
        (followed,) = last(observer).followed
        assert followed.watch_lag_s == 0
        assert followed.view_age_s is not None
