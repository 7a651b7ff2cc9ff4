"""A worker without a server, as the registry sees it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

from discovery.config import MeshConfig
from discovery.errors import RegistryUnavailable
from discovery.model import Health, Instance, Target
from discovery.observer import Deregistered, Observer, Registered, RegistrationFailed, RegistrationRecovered
from discovery.runtime.heartbeat import TTL_S, registered
from discovery.runtime.surroundings import Surroundings
from discovery.testing.clock import FakeClock
from discovery.testing.observer import RecordingObserver
from discovery.testing.peer import peer
from discovery.testing.registry import FakeRegistry
from tests.discovery.runtime.support import other_tasks

WORKERS = Target("worker")


class Counting(FakeRegistry):
    beats = 0

    async def heartbeat(self, instance_id: str) -> None:
        await super().heartbeat(instance_id)
        self.beats += 1


async def test_a_worker_is_registered_while_the_block_lasts_and_beats_three_times_within_its_ttl(
    observer: RecordingObserver,
) -> None:
    registry, clock = Counting(), FakeClock()
    around = Surroundings(clock, Random(1), observer)
    async with registered(MeshConfig(name="worker"), registry, around=around):
        await clock.settle()
        (worker,) = (await registry.instances(WORKERS)).instances
        assert (worker.id, worker.health) == (f"worker-127.0.0.1-{os.getpid()}", Health.PASSING)
        assert registry.beats == 1
        await clock.advance(TTL_S)
        assert registry.beats == 4
    assert (await registry.instances(WORKERS)).instances == ()
    assert observer.told(RegistrationFailed) == [], "the first beat waits for the registration"
    assert len(observer.told(Deregistered)) == 1
    assert not other_tasks()


async def test_a_lost_entry_is_put_back_and_beats_again_soon(observer: RecordingObserver) -> None:
    registry, clock = Counting(), FakeClock()
    config = MeshConfig(name="worker", instance_id="w1")
    async with registered(config, registry, around=Surroundings(clock, Random(1), observer)):
        await clock.settle()
        await registry.deregister("w1")
        await clock.advance(TTL_S / 3 + 1)
        assert registry.beats == 2
        assert [worker.id for worker in (await registry.instances(WORKERS)).instances] == ["w1"]


async def test_a_registry_that_is_away_is_told_of_and_tried_every_second(observer: RecordingObserver) -> None:
    registry, clock = Counting(), FakeClock()
    async with registered(MeshConfig(name="worker"), registry, around=Surroundings(clock, Random(1), observer)):
        await clock.settle()
        registry.fail(RegistryUnavailable("away"))
        await clock.advance(TTL_S)
        assert len(observer.told(RegistrationFailed)) > 10
        registry.heal()
        await clock.advance(10)
        assert registry.beats >= 2
    assert observer.told(RegistrationRecovered), "that it is over is told, too"


async def test_who_observes_a_worker_is_made_for_it_and_is_the_last_to_go(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    made: list[str] = []

    @contextmanager
    def observe(identity: Instance) -> Iterator[Observer]:
        made.append(identity.id)
        yield observer
        assert observer.told(Deregistered)
        made.append("flushed")

    async with registered(MeshConfig(name="worker", instance_id="w1"), registry, observe=observe):
        await observer.until(lambda: bool(observer.told(Registered)))
    assert made == ["w1", "flushed"]


async def test_a_worker_calls_others(registry: FakeRegistry, observer: RecordingObserver) -> None:
    config = MeshConfig(name="worker")
    async with (
        peer(registry, "ports", id="p1"),
        registered(config, registry, around=Surroundings(observer=observer)) as mesh,
        mesh.get("http://ports/") as response,
    ):
        assert await response.text() == "p1"
