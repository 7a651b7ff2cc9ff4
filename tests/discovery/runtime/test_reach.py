"""A process that follows much, while its registry is away and when it comes back, on a clock that does not wait."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest

from discovery.config import MeshConfig
from discovery.errors import RegistryError, RegistryRejected, RegistryUnavailable
from discovery.model import Instance, Target
from discovery.observer import Registered, WatchFailed, WatchRecovered
from discovery.policy.backoff import REGISTRY
from discovery.policy.recovery import Asker
from discovery.registry.port import Answer, Entry, Names, Registration, Values
from discovery.runtime.heartbeat import registered
from discovery.runtime.mesh import Mesh
from discovery.runtime.reach import Reach
from discovery.runtime.surroundings import Surroundings
from discovery.testing.clock import FakeClock
from discovery.testing.observer import RecordingObserver
from discovery.testing.registry import FakeRegistry

SERVICES = [f"s{number:03}" for number in range(100)]
AWAY = RegistryUnavailable("away")


class Counted(FakeRegistry):
    """Writes down when anything is asked; does not let the services be read that are *hidden*."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__({service: [f"127.0.0.1:{5000 + number}"] for number, service in enumerate(SERVICES)})
        self.clock = clock
        self.asked: list[float] = []
        self.beats: list[float] = []
        self.hidden: set[str] = set()

    def _count(self) -> None:
        self.asked.append(self.clock.now())

    async def instances(
        self, target: Target, *, index: int = 0, wait_s: float = 0.0, consistent: bool = False
    ) -> Answer:
        self._count()
        if target.service in self.hidden:
            raise RegistryRejected("no permission")
        return await super().instances(target, index=index, wait_s=wait_s, consistent=consistent)

    async def names(self, *, index: int = 0, wait_s: float = 0.0) -> Names:
        self._count()
        return await super().names(index=index, wait_s=wait_s)

    async def settings(self, prefix: str, *, index: int = 0, wait_s: float = 0.0) -> Values:
        self._count()
        return await super().settings(prefix, index=index, wait_s=wait_s)

    async def entry(self, instance_id: str, *, hash: str = "", wait_s: float = 0.0) -> Entry | None:
        self._count()
        return await super().entry(instance_id, hash=hash, wait_s=wait_s)

    async def register(self, registration: Registration) -> None:
        self._count()
        await super().register(registration)

    async def heartbeat(self, instance_id: str) -> None:
        self._count()
        await super().heartbeat(instance_id)
        self.beats.append(self.clock.now())

    def empty(self) -> None:
        """As an agent that kept nothing is when it starts again."""
        for service in ("worker", *SERVICES):
            self.replace(service, [])

    def most_in_a_second(self, since: float) -> int:
        asked = [at for at in self.asked if at >= since]
        return max((bisect_left(asked, at + 1) - number for number, at in enumerate(asked)), default=0)


@asynccontextmanager
async def a_worker(registry: Counted, observer: RecordingObserver) -> AsyncIterator[Mesh]:
    """Registered, and following a hundred services."""
    around = Surroundings(registry.clock, Random(7), observer)
    config = MeshConfig(name="worker", instance_id="w1", max_services=200)
    async with registered(config, registry, around=around) as mesh:
        for service in SERVICES:
            mesh.directory(service)
        await registry.clock.advance(10)
        yield mesh


@pytest.mark.parametrize("emptied", [False, True], ids=["as it was", "begun anew, with nobody in it"])
async def test_everything_is_fresh_and_registered_within_five_seconds_and_the_registry_is_not_run_over(
    observer: RecordingObserver, *, emptied: bool
) -> None:
    registry = Counted(FakeClock())
    clock = registry.clock
    async with a_worker(registry, observer) as mesh:
        registry.fail(AWAY)
        await clock.advance(10)
        steady = clock.now()
        await clock.advance(60)
        assert registry.most_in_a_second(steady) <= 3
        assert len([at for at in registry.asked if at >= steady]) <= 2 * 60

        if emptied:
            registry.empty()
        registry.heal()
        returned = clock.now()
        await clock.advance(5)

        views = [mesh.view(service) for service in SERVICES]
        assert all(view is not None and view.as_of >= returned for view in views)
        assert [entry is not None and entry.instance.id for entry in [await registry.entry("w1")]] == ["w1"]
        assert len(observer.told(WatchRecovered)) >= len(SERVICES)
        await clock.advance(10)
        assert registry.most_in_a_second(returned) <= 60


async def test_a_registration_that_was_not_made_yet_is_made_as_soon_as_anything_is_answered(
    observer: RecordingObserver,
) -> None:
    registry = Counted(FakeClock())
    registry.fail(AWAY)
    async with a_worker(registry, observer):
        await registry.clock.advance(120)
        registry.heal()
        await registry.clock.advance(1.5)
        assert len(observer.told(Registered)) == 1


async def test_a_service_that_may_not_be_read_is_not_asked_for_whenever_another_one_answers(
    observer: RecordingObserver,
) -> None:
    registry = Counted(FakeClock())
    registry.hidden = {"s000"}
    async with a_worker(registry, observer):
        await registry.clock.advance(60)
        refused = len(observer.told(WatchFailed))
        for number in range(600):
            registry.replace("s001", [Instance(id=f"i{number}", service="s001", host="127.0.0.1", port=1 + number)])
            await registry.clock.advance(0.1)
        assert len(observer.told(WatchFailed)) - refused <= 8


@pytest.mark.parametrize("error", [AWAY, RegistryRejected("no permission")])
async def test_one_answer_wakes_whoever_waits(error: RegistryError) -> None:
    clock = FakeClock()
    reach, asker = Reach(Surroundings(clock, Random(1))), Asker(REGISTRY, failures=20)
    pause_s = max(reach.failed(asker, error), 5.0)

    async def waits() -> float:
        await reach.pause(asker, pause_s)
        return clock.now()

    waiting = asyncio.create_task(waits())
    await clock.advance(1)
    assert not waiting.done()
    reach.answered()
    await clock.settle()
    assert waiting.done()
    assert asker.woken


async def test_a_pause_that_nobody_ends_ends_by_itself() -> None:
    clock = FakeClock()
    reach, asker = Reach(Surroundings(clock, Random(1))), Asker(REGISTRY)
    waiting = asyncio.create_task(reach.pause(asker, 3.0))
    await clock.advance(2.9)
    assert not waiting.done()
    await clock.advance(0.1)
    assert waiting.done()
    assert not asker.woken
    assert clock.sleepers == 0


async def test_a_registry_that_says_goodbye_to_one_of_its_readers_is_not_taken_for_one_that_is_back(
    observer: RecordingObserver,
) -> None:
    registry = Counted(FakeClock())
    async with a_worker(registry, observer):
        registry.fail(AWAY)
        await registry.clock.advance(30)
        registry.heal()
        answered = len(observer.told(WatchRecovered))
        while len(observer.told(WatchRecovered)) == answered:
            await registry.clock.advance(0.01)
        registry.fail(AWAY)
        gone = registry.clock.now()
        await registry.clock.advance(10)
        assert len([at for at in registry.asked if at > gone]) <= 2 * 10 + 5


async def test_a_heartbeat_is_back_at_once_though_many_wait(observer: RecordingObserver) -> None:
    registry = Counted(FakeClock())
    async with a_worker(registry, observer):
        registry.fail(AWAY)
        await registry.clock.advance(300)
        registry.heal()
        returned = registry.clock.now()
        await registry.clock.advance(2)
        assert [at for at in registry.beats if at >= returned] != []
