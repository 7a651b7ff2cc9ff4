"""Nobody there: how long a call waits for somebody, and what it says when nobody comes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from discovery.call_errors import CallFailed, Nobody, NoInstances, TooManyServices
from discovery.errors import RegistryUnavailable
from discovery.model import Check, Health, Instance, Target
from discovery.registry.port import Answer, Names
from discovery.runtime.mesh import Mesh
from discovery.testing.clock import FakeClock
from discovery.testing.observer import RecordingObserver
from discovery.testing.peer import peer
from discovery.testing.registry import FakeRegistry
from tests.discovery.runtime.support import a_mesh, enrol

PATIENCE_S = 2.0


def waiting(mesh: Mesh, url: str = "http://ports/", **options: Any) -> asyncio.Task[aiohttp.ClientResponse]:
    async def call() -> aiohttp.ClientResponse:
        return await mesh.get(url, **options)

    return asyncio.create_task(call())


async def refused(call: asyncio.Task[aiohttp.ClientResponse]) -> NoInstances:
    with pytest.raises(NoInstances) as caught:
        await call
    return caught.value


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def mesh(registry: FakeRegistry, observer: RecordingObserver, clock: FakeClock) -> Mesh:
    return a_mesh(registry, observer, clock, lookup_timeout_s=PATIENCE_S)


async def test_an_unknown_service_is_answered_by_the_names_of_those_that_are_known(
    registry: FakeRegistry, clock: FakeClock, mesh: Mesh
) -> None:
    await enrol(registry, "l1", "127.0.0.1:1", "laptops")
    await enrol(registry, "p1", "127.0.0.1:2", "ports")
    async with mesh:
        call = waiting(mesh, "http://prots/")
        await clock.advance(PATIENCE_S)
        error = await refused(call)

    assert (error.reason, error.known, error.target) == (Nobody.UNKNOWN, ("laptops", "ports"), Target("prots"))
    assert str(error) == "no service 'prots' is registered; known services: laptops, ports"


@pytest.mark.parametrize("check", ["service:p1", "_service_maintenance:p1", "_node_maintenance"])
async def test_a_service_of_which_nobody_is_healthy_is_unhealthy(
    registry: FakeRegistry, clock: FakeClock, mesh: Mesh, check: str
) -> None:
    checks = (Check(check, Health.CRITICAL),)
    ill = Instance(id="p1", service="ports", host="127.0.0.1", port=2, health=Health.CRITICAL, checks=checks)
    registry.replace("ports", [ill])
    async with mesh:
        call = waiting(mesh)
        await clock.advance(PATIENCE_S)
        error = await refused(call)

    assert error.reason is Nobody.UNHEALTHY
    assert str(error) == "no instance of 'ports' can take a request (1 registered, none healthy)"


async def test_a_registry_that_is_away_is_the_reason_that_is_given(
    registry: FakeRegistry, clock: FakeClock, mesh: Mesh
) -> None:
    registry.fail(RegistryUnavailable("connection refused"))
    async with mesh:
        call = waiting(mesh)
        await clock.advance(PATIENCE_S)
        error = await refused(call)

    assert error.reason is Nobody.UNREAD
    assert str(error) == "the registry has not told us about 'ports' yet (connection refused)"
    assert isinstance(error.__cause__, RegistryUnavailable)


async def test_so_is_an_answer_that_is_not_believed(registry: FakeRegistry, clock: FakeClock, mesh: Mesh) -> None:
    registry.doubt("no leader")
    async with mesh:
        call = waiting(mesh)
        await clock.advance(PATIENCE_S)
        error = await refused(call)

    assert error.reason is Nobody.UNREAD
    assert "not believed: no instance is known, and no leader" in str(error)


@pytest.mark.parametrize(("timeout_s", "waits_s"), [(None, PATIENCE_S), (0.5, 0.5), (60.0, PATIENCE_S)])
async def test_the_wait_is_bounded_by_patience_and_by_the_time_of_the_call(
    clock: FakeClock, mesh: Mesh, timeout_s: float | None, waits_s: float
) -> None:
    async with mesh:
        call = waiting(mesh, timeout=timeout_s)
        await clock.advance(waits_s - 0.001)
        assert not call.done()
        await clock.advance(0.001)
        assert call.done()
        await refused(call)


async def test_each_call_has_its_own_patience(clock: FakeClock, mesh: Mesh) -> None:
    async with mesh:
        first = waiting(mesh)
        await clock.advance(PATIENCE_S - 0.5)
        second = waiting(mesh)
        await clock.advance(0.5)
        assert (first.done(), second.done()) == (True, False)
        await clock.advance(PATIENCE_S - 0.5)
        assert [(await refused(call)).reason for call in (first, second)] == [Nobody.UNKNOWN] * 2


async def test_who_just_left_is_a_last_resort_until_he_refuses(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    async with a_mesh(registry, observer, lookup_timeout_s=0.1) as mesh:
        async with peer(FakeRegistry(), "ports") as one:
            registry.replace("ports", [one.instance])
            await (await mesh.get("http://ports/")).read()
            registry.replace("ports", [])
            await mesh.directory("ports").changed()
            await (await mesh.get("http://ports/")).read()
            assert [attempt.pool for attempt in observer.attempts] == [Health.PASSING, Health.CRITICAL]
        with pytest.raises(CallFailed):
            await mesh.get("http://ports/")
        with pytest.raises(NoInstances):
            await mesh.get("http://ports/")


async def test_also_when_the_registry_does_not_tell_the_names(clock: FakeClock, observer: RecordingObserver) -> None:
    class Nameless(FakeRegistry):
        async def names(self, *, index: int = 0, wait_s: float = 0.0) -> Names:
            raise RegistryUnavailable("not allowed")

    async with a_mesh(Nameless(), observer, clock, lookup_timeout_s=PATIENCE_S) as mesh:
        for _ in range(2):
            call = waiting(mesh)
            await clock.advance(PATIENCE_S)
            assert call.done()
            assert (await refused(call)).known == ()


async def test_names_that_never_come_are_waited_for_within_the_time_of_the_call(
    clock: FakeClock, observer: RecordingObserver
) -> None:
    class Mute(FakeRegistry):
        async def names(self, *, index: int = 0, wait_s: float = 0.0) -> Names:
            await asyncio.Event().wait()
            return await super().names()

    async with a_mesh(Mute(), observer, clock, lookup_timeout_s=PATIENCE_S) as mesh:
        call = waiting(mesh, timeout=2.5)
        await clock.advance(2.5)
        assert call.done()
        await refused(call)


async def test_whoever_appears_during_the_wait_is_used(registry: FakeRegistry, clock: FakeClock, mesh: Mesh) -> None:
    async with mesh:
        calls = [waiting(mesh) for _ in range(5)]
        await clock.advance(1.9)
        async with peer(registry, "ports", id="p1") as one:
            for call in calls:
                response = await call
                assert await response.text() == "p1"
        assert len(one.received) == 5


async def test_so_is_whoever_becomes_healthy(registry: FakeRegistry, clock: FakeClock, mesh: Mesh) -> None:
    async with mesh, peer(registry, "ports", id="p1") as one:
        registry.replace("ports", [replace(one.instance, health=Health.CRITICAL)])
        call = waiting(mesh)
        await clock.advance(1.9)
        registry.replace("ports", [one.instance])
        assert (await call).status == 200


async def test_a_registry_that_comes_back_during_the_wait_is_asked(
    registry: FakeRegistry, clock: FakeClock, mesh: Mesh
) -> None:
    async with mesh, peer(registry, "ports"):
        registry.fail(RegistryUnavailable("away"))
        call = waiting(mesh)
        await clock.advance(0.1)
        registry.heal()
        await clock.advance(1.0)
        assert (await call).status == 200


async def test_all_calls_of_a_service_share_one_watch(clock: FakeClock, observer: RecordingObserver) -> None:
    class Counting(FakeRegistry):
        reads = 0

        async def instances(
            self, target: Target, *, index: int = 0, wait_s: float = 0.0, consistent: bool = False
        ) -> Answer:
            self.reads += 1
            return await super().instances(target, index=index, wait_s=wait_s, consistent=consistent)

    registry = Counting()
    async with a_mesh(registry, observer, clock) as mesh, peer(registry, "ports") as one:
        await asyncio.gather(*(waiting(mesh) for _ in range(20)))

        assert len(one.received) == 20
        assert registry.reads == 2, "one that answers, one that waits for news"


async def test_a_process_follows_no_more_services_than_it_may(
    registry: FakeRegistry, clock: FakeClock, observer: RecordingObserver
) -> None:
    async with a_mesh(registry, observer, clock, max_services=2) as mesh:
        mesh.view("one")
        mesh.view("two")
        with pytest.raises(TooManyServices, match="three would be service number 3 that this process follows"):
            await mesh.get("http://three/")
        mesh.view("two")
    assert observer.unsettled() == []


class Counting(FakeRegistry):
    reads = 0

    async def names(self, *, index: int = 0, wait_s: float = 0.0) -> Names:
        self.reads += not index
        return await super().names(index=index, wait_s=wait_s)


async def test_a_name_that_was_registered_a_moment_ago_is_known_and_strangers_cost_a_read_a_second(
    clock: FakeClock, observer: RecordingObserver
) -> None:
    registry = Counting({"ports": ("127.0.0.1:1",)})
    async with a_mesh(registry, observer, clock) as mesh:
        assert set(await mesh.names()) == {"ports"}
        # Three changes in one moment: the token bucket lets the loop see the last of them a second later.
        for name in ("a", "b", "c"):
            registry.replace(name, [Instance(id=name, service=name, host="127.0.0.1", port=1)])
            await clock.settle()
        assert "c" not in await mesh.names()
        assert "c" in await mesh.names("c")
        before = registry.reads
        for _ in range(50):
            assert "nobody" not in await mesh.names("nobody")
        assert registry.reads == before
        await clock.advance(1)
        assert "nobody" not in await mesh.names("nobody")
        assert registry.reads == before + 1
