"""When listeners are told something, on a clock that tests move."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

import discovery
from discovery.testing.clock import FakeClock
from discovery.testing.registry import FakeRegistry
from discovery.web import Problem
from observability.console.answers import Answers
from observability.console.ingest.recorder import Recorder
from observability.console.live.catalogue import Catalogue
from observability.console.live.live import Live
from observability.console.live.telling import tell_services, tell_traces
from tests.services.support import instance


@dataclass
class Counted:
    """In the place of the answers: counts what was asked for."""

    asked: int = 0
    away: bool = False

    async def services(self) -> str:
        self.asked += 1
        return "{}"

    async def news(self) -> str:
        self.asked += 1
        if self.away:
            raise Problem(503, "away")
        return "{}"


@asynccontextmanager
async def running(loop: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(loop)
    yield
    task.cancel()
    await asyncio.wait([task])


@asynccontextmanager
async def told(registry: FakeRegistry, clock: FakeClock) -> AsyncIterator[tuple[Counted, Live]]:
    """Tell of services; whoever is in the registry now is known already."""
    around, counted = discovery.Surroundings(clock=clock), Counted()
    live = Live(around)
    async with discovery.Mesh(discovery.MeshConfig(name="console"), registry, around=around) as mesh:
        catalogue = Catalogue(mesh, around)
        loop = tell_services(live, catalogue, cast("Answers", counted), around)
        async with running(catalogue.follow()), running(loop):
            await clock.settle()
            yield counted, live


async def test_while_nobody_listens_nothing_is_asked_for() -> None:
    clock = FakeClock()
    async with told(FakeRegistry({"ports": ["127.0.0.1:1"]}), clock) as (counted, _):
        await clock.advance(60)

        assert counted.asked == 0


async def test_news_of_services_is_told_at_once_and_all_else_every_five_seconds() -> None:
    clock, registry = FakeClock(), FakeRegistry({"ports": ["127.0.0.1:1"]})
    async with told(registry, clock) as (counted, live):
        live._somebody.set()
        await clock.advance(10)
        counted.asked = 0

        await clock.advance(15.6)
        assert counted.asked == 3

        registry.replace("ports", [instance("ports", 2)])
        await clock.advance(0.001)
        assert counted.asked == 4

        registry.replace("ports", [instance("ports", 3)])
        await clock.advance(0.1)
        assert counted.asked == 4, "what changes at once is told at once"
        await clock.advance(0.1)
        assert counted.asked == 5


async def test_that_the_registry_is_away_is_told_within_a_second() -> None:
    clock, registry = FakeClock(), FakeRegistry({"ports": ["127.0.0.1:1"]})
    async with told(registry, clock) as (counted, live):
        live._somebody.set()
        await clock.advance(10)
        counted.asked = 0

        registry.fail(discovery.RegistryUnavailable("gone"))
        await clock.advance(1)

        assert counted.asked >= 1


async def test_news_of_traces_comes_twice_a_second_at_most() -> None:
    clock, counted = FakeClock(), Counted()
    around = discovery.Surroundings(clock=clock)
    live, recorder = Live(around), Recorder(cast("Any", None), clock, keep_s=1.0)
    live._somebody.set()
    async with running(tell_traces(live, recorder, cast("Answers", counted), around)):
        await clock.settle()
        for _ in range(8):
            recorder._tell()
            await clock.advance(0.25)
        assert counted.asked == 5, "at once, and in two seconds four times more"

        counted.away = True
        recorder._tell()
        await clock.advance(1)
        counted.away = False
        recorder._tell()
        await clock.advance(1)
        assert counted.asked == 7, "a database that was away is asked again"
