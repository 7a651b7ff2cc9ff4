"""An instance that stays critical says so, and why."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from random import Random
from types import MappingProxyType

import pytest

from discovery.errors import RegistryUnavailable
from discovery.model import MAINTENANCE_CHECKS, Check, Health, Instance
from discovery.observer import CheckFailed, CheckRecovered
from discovery.registry.port import HttpCheck
from discovery.runtime import own_check
from discovery.runtime.reach import Reach
from discovery.runtime.surroundings import Surroundings
from discovery.runtime.tasks import Tasks
from discovery.runtime.watcher import watch
from discovery.testing.clock import FakeClock
from discovery.testing.observer import RecordingObserver
from discovery.testing.registry import FakeRegistry
from tests.discovery.runtime.support import a_directory

ME = Instance(id="p1", service="ports", host="127.0.0.1", port=1, meta=MappingProxyType({"boot": "mine"}))
CHECK = HttpCheck(url="http://127.0.0.1:1/health/ready", interval_s=5, timeout_s=2, deregister_after_s=60)
REFUSED = Check("service:p1", Health.CRITICAL, "ports is ready", "connection refused\n")


def shown(*checks: Check, boot: str = "mine") -> list[Instance]:
    return [replace(ME, checks=checks, meta=MappingProxyType({"boot": boot}))]


class Agent(FakeRegistry):
    """Knows what checks say before others hear it."""

    def __init__(self) -> None:
        super().__init__()
        self.newest: tuple[Check, ...] = ()
        self.away = False

    async def checks(self, instance_id: str) -> tuple[Check, ...]:
        if self.away:
            raise RegistryUnavailable("away")
        return self.newest or await super().checks(instance_id)


@asynccontextmanager
async def looking(registry: FakeRegistry, observer: RecordingObserver, clock: FakeClock) -> AsyncIterator[None]:
    around = Surroundings(clock, Random(1), observer)
    directory = a_directory(around)
    async with Tasks() as tasks:
        tasks.start(watch(registry, directory, around, Reach(around)), "watch")
        tasks.start(own_check.look(ME, CHECK, directory, registry, around), "own check")
        await clock.advance(5)
        yield


async def test_a_check_that_stays_critical_is_told_with_its_words_and_then_rarely(observer: RecordingObserver) -> None:
    registry, clock = FakeRegistry(), FakeClock()
    async with looking(registry, observer, clock):
        registry.replace("ports", shown(REFUSED))
        await clock.advance(11.9)
        assert observer.told(CheckFailed) == [], "it may not have run twice yet"
        await clock.advance(0.2)
        assert observer.told(CheckFailed) == [CheckFailed(ME, "ports is ready: connection refused", 12.0)]
        await clock.advance(3600)
        assert [failed.for_s for failed in observer.told(CheckFailed)][:4] == [12, 36, 84, 180]
        assert len(observer.told(CheckFailed)) < 12
        registry.replace("ports", shown(replace(REFUSED, status=Health.PASSING)))
        await clock.advance(5)
    (recovered,) = observer.told(CheckRecovered)
    assert recovered.for_s == pytest.approx(3612.1, abs=5)


async def test_a_check_that_fails_for_a_moment_is_no_news(observer: RecordingObserver) -> None:
    registry, clock = FakeRegistry(), FakeClock()
    async with looking(registry, observer, clock):
        for _ in range(5):
            registry.replace("ports", shown(REFUSED))
            await clock.advance(10)
            registry.replace("ports", shown(replace(REFUSED, status=Health.WARNING)))
            await clock.advance(10)
    assert observer.told(CheckFailed) == []
    assert observer.told(CheckRecovered) == []


@pytest.mark.parametrize("mark", MAINTENANCE_CHECKS)
async def test_to_be_taken_out_of_service_is_no_check_that_fails(observer: RecordingObserver, mark: str) -> None:
    registry, clock = FakeRegistry(), FakeClock()
    async with looking(registry, observer, clock):
        registry.replace("ports", shown(replace(REFUSED, status=Health.PASSING), Check(mark, Health.CRITICAL)))
        await clock.advance(100)
    assert observer.told(CheckFailed) == []


async def test_what_a_predecessor_s_check_says_is_not_ours(observer: RecordingObserver) -> None:
    registry, clock = FakeRegistry(), FakeClock()
    async with looking(registry, observer, clock):
        registry.replace("ports", shown(REFUSED, boot="dead"))
        await clock.advance(100)
    assert observer.told(CheckFailed) == []


async def test_all_that_is_critical_is_named_by_the_agent_s_newest_words(observer: RecordingObserver) -> None:
    registry, clock = Agent(), FakeClock()
    silent, node = replace(REFUSED, output=""), Check("serfHealth", Health.CRITICAL, "", "Agent not live")
    async with looking(registry, observer, clock):
        registry.newest = (replace(REFUSED, output="HTTP 401: a token is missing"),)
        registry.replace("ports", shown(silent, node))
        await clock.advance(13)
        registry.away = True
        await clock.advance(24)
    assert [failed.output for failed in observer.told(CheckFailed)] == [
        "ports is ready: HTTP 401: a token is missing; serfHealth: Agent not live",
        "ports is ready: it has not run yet; serfHealth: Agent not live",
    ]
