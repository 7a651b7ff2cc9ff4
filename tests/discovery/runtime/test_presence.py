"""What a process changes of its own entry while it runs, and how that lasts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import pytest
from aiohttp import web

import discovery
from discovery.config import MeshConfig
from discovery.errors import ConfigError, Misused, RegistryUnavailable
from discovery.model import Instance, Target
from discovery.observer import Registered, RegistrationFailed, RegistrationRecovered
from discovery.runtime.heartbeat import registered
from discovery.runtime.surroundings import Surroundings
from discovery.testing.clock import FakeClock
from discovery.testing.observer import RecordingObserver
from discovery.testing.registry import FakeRegistry
from tests.discovery.runtime.support import other_tasks

WORKERS = Target("worker")


@asynccontextmanager
async def working(
    registry: FakeRegistry, observer: RecordingObserver, clock: FakeClock, **settings: Any
) -> AsyncIterator[discovery.Mesh]:
    config = MeshConfig(name="worker", instance_id="w1", **settings)
    async with registered(config, registry, around=Surroundings(clock, Random(1), observer)) as mesh:
        await clock.settle()
        yield mesh


async def entry(registry: FakeRegistry) -> Instance:
    (found,) = (await registry.instances(WORKERS)).instances
    return found


def own(instance: Instance) -> dict[str, str]:
    return {key: value for key, value in instance.meta.items() if key not in {"boot", "generation"}}


async def test_what_it_changes_of_itself_is_told_at_once_and_the_rest_stays(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    clock, said = FakeClock(), {"a": "1"}
    async with working(registry, observer, clock, version="1.2", tags=("v1",), meta=said) as mesh:
        mesh.update(weight=10)
        await clock.settle()
        found = await entry(registry)
        assert (found.weight, found.warning_weight, found.tags) == (10, 1, ("v1",))
        assert own(found) == {"a": "1", "version": "1.2"}

        mesh.update(meta={"b": "2"}, tags=("v2",), warning_weight=0)
        await clock.settle()
        found = await entry(registry)
        assert (found.weight, found.warning_weight, found.tags) == (10, 0, ("v2",))
        assert own(found) == {"b": "2", "version": "1.2"}
    assert [told.reason for told in observer.told(Registered)] == [
        "start",
        *["it was changed by its own process"] * 2,
    ]
    assert (await registry.instances(WORKERS)).instances == ()
    assert not other_tasks()


async def test_an_entry_that_is_lost_comes_back_as_it_was_changed(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    clock = FakeClock()
    async with working(registry, observer, clock) as mesh:
        mesh.update(weight=7)
        await clock.settle()
        await mesh.maintenance("the index is built")
        await registry.deregister("w1")
        await clock.advance(2)
        found = await entry(registry)
    assert found.weight == 7
    assert [check.output for check in found.checks if check.maintenance] == ["the index is built"]


async def test_a_registry_that_is_away_is_told_when_it_is_back(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    clock = FakeClock()
    async with working(registry, observer, clock) as mesh:
        registry.fail(RegistryUnavailable("away"))
        mesh.update(weight=7)
        out = asyncio.create_task(mesh.maintenance("out"))
        await clock.advance(60)
        assert observer.told(RegistrationFailed)
        assert not out.done()
        registry.heal()
        await clock.advance(30)
        await out
        found = await entry(registry)
        assert (found.weight, found.maintenance) == (7, True)
    assert observer.told(RegistrationRecovered)


async def test_what_is_changed_before_it_is_registered_is_in_its_first_entry(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    clock = FakeClock()
    registry.fail(RegistryUnavailable("away"))
    async with working(registry, observer, clock) as mesh:
        mesh.update(weight=7)
        out = asyncio.create_task(mesh.maintenance("not yet"))
        await clock.settle()
        registry.heal()
        await clock.advance(30)
        await out
        found = await entry(registry)
        assert (found.weight, found.maintenance) == (7, True)


async def test_out_of_service_and_back(registry: FakeRegistry, observer: RecordingObserver) -> None:
    clock = FakeClock()
    async with working(registry, observer, clock) as mesh:
        await mesh.maintenance("one")
        assert (await entry(registry)).maintenance
        await mesh.maintenance("another")
        assert [check.output for check in (await entry(registry)).checks if check.maintenance] == ["another"]
        mesh.update(tags=("v2",))  # to put it anew does not bring it back
        await clock.settle()
        assert (await entry(registry)).maintenance
        await mesh.maintenance(None)
        await mesh.maintenance(None)
        assert not (await entry(registry)).maintenance
        await mesh.maintenance("")
        assert (await entry(registry)).maintenance, "a reason may be empty"
    assert (await registry.instances(WORKERS)).instances == (), "it leaves as always"


class Slow(FakeRegistry):
    """Takes its time to be told of maintenance."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = asyncio.Event()

    async def maintain(self, instance_id: str, reason: str | None) -> None:
        await self.go_on.wait()
        await super().maintain(instance_id, reason)


async def test_who_thinks_otherwise_while_the_registry_is_being_told_has_the_last_word(
    observer: RecordingObserver,
) -> None:
    registry, clock = Slow(), FakeClock()
    async with working(registry, observer, clock) as mesh:
        out = asyncio.create_task(mesh.maintenance("out"))
        await clock.settle()
        back = asyncio.create_task(mesh.maintenance(None))
        await clock.settle()
        assert not back.done(), "what is on its way says the opposite"
        registry.go_on.set()
        await asyncio.gather(out, back)
        assert not (await entry(registry)).maintenance


async def test_the_registry_is_told_whatever_an_operator_said_since(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    async with working(registry, observer, FakeClock()) as mesh:
        await registry.maintain("w1", "by hand")
        await mesh.maintenance(None)
        assert not (await entry(registry)).maintenance
        await mesh.maintenance("slow")
        await registry.maintain("w1", None)
        await mesh.maintenance("slow")
        assert (await entry(registry)).maintenance


@pytest.mark.parametrize(
    "wrong",
    [{"weight": 0}, {"warning_weight": -1}, {"tags": "v2"}, {"meta": {"a b": "x"}}, {"meta": {"boot": "x"}}],
)
async def test_what_consul_would_refuse_is_refused_and_changes_nothing(
    registry: FakeRegistry, observer: RecordingObserver, wrong: dict[str, Any]
) -> None:
    clock = FakeClock()
    async with working(registry, observer, clock) as mesh:
        before = await entry(registry)
        with pytest.raises(ConfigError):
            mesh.update(**wrong)
        await clock.advance(30)
        assert await entry(registry) == before


@pytest.mark.parametrize(
    "change",
    [lambda mesh: mesh.update(weight=2), lambda mesh: mesh.maintenance("x").send(None)],
    ids=["update", "maintenance"],
)
async def test_a_mesh_that_registered_nobody_has_nothing_to_change(
    registry: FakeRegistry, observer: RecordingObserver, change: Callable[[discovery.Mesh], object]
) -> None:
    config = MeshConfig(name="ports", drain_s=0)
    async with discovery.Mesh(config, registry) as mesh:
        with pytest.raises(Misused, match=r"^this mesh has no entry in the registry"):
            change(mesh)
    async with discovery.serving(web.Application(), config, registry=registry, register=False) as server:
        with pytest.raises(Misused, match="has no entry"):
            change(server.mesh)
    async with working(registry, observer, FakeClock()) as mesh:
        pass
    with pytest.raises(Misused, match="has no entry"):
        change(mesh)
