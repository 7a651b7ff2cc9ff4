"""What every registry does, asked of all of them: the static one, the devagent, a real Consul."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar
from uuid import uuid4

import aiohttp
import pytest

from discovery.config import MeshConfig
from discovery.errors import FilterRejected, RegistryRejected
from discovery.model import Check, Health, Instance, Target
from discovery.registry.consul_registry import ConsulRegistry
from discovery.registry.port import Answer, Entry, HttpCheck, Names, Registration, Registry, TtlCheck, Values
from discovery.registry.static_registry import StaticRegistry

# Nobody asks within a test, and what starts as passing stays so.
HTTP = HttpCheck(url="http://127.0.0.1:1/", interval_s=3600, timeout_s=1, deregister_after_s=7200)
TTL = TtlCheck(ttl_s=3600, deregister_after_s=7200)
# Long enough for a slow machine; a read that is not woken fails the test.
WAIT_S = 20.0

Indexed = TypeVar("Indexed", Answer, Names, Values)


class Operator(Protocol):
    """Somebody beside us who changes things."""

    async def maintain(self, instance: Instance) -> None: ...

    async def put(self, key: str, value: str) -> None: ...


@dataclass(frozen=True)
class World:
    """A registry, and an operator with it; the instance is one that nobody else has."""

    registry: Registry
    operator: Operator
    instance: Instance

    @property
    def target(self) -> Target:
        return Target(self.instance.service)

    async def register(self, check: HttpCheck | TtlCheck = HTTP, instance: Instance | None = None) -> None:
        await self.registry.register(Registration(instance or self.instance, check))

    async def instances(self, index: int = 0) -> Answer:
        return await self.registry.instances(self.target, index=index, wait_s=WAIT_S)

    async def entry(self) -> Entry:
        entry = await self.registry.entry(self.instance.id)
        assert entry is not None
        return entry


async def until(read: Callable[[int], Awaitable[Indexed]], seen: Callable[[Indexed], bool], index: int = 0) -> Indexed:
    """Follow by blocking reads until it is *seen*: what any reader of a registry does."""
    async with asyncio.timeout(WAIT_S):
        while not seen(answer := await read(index)):
            index = answer.index
    return answer


def ids(answer: Answer) -> list[str]:
    return [instance.id for instance in answer.instances]


class RegistryContract:
    async def test_an_unknown_service_is_an_empty_answer_to_be_trusted(self, world: World) -> None:
        answer = await world.registry.instances(world.target)
        assert (answer.instances, answer.trustworthy, answer.doubt) == ((), True, "")
        assert answer.index >= 1

    async def test_a_quorum_says_the_same(self, world: World) -> None:
        await world.register()
        await until(world.instances, lambda answer: bool(answer.instances))
        answer = await world.registry.instances(world.target, consistent=True)
        assert (ids(answer), answer.trustworthy) == ([world.instance.id], True)

    async def test_a_blocked_reader_sees_who_comes_and_who_goes(self, world: World) -> None:
        before = await world.registry.instances(world.target)
        async with asyncio.TaskGroup() as group:
            reader = group.create_task(until(world.instances, lambda answer: bool(answer.instances), before.index))
            await world.register()
        came = reader.result()
        assert ids(came) == [world.instance.id]
        assert came.index > before.index
        async with asyncio.TaskGroup() as group:
            reader = group.create_task(until(world.instances, lambda answer: not answer.instances, came.index))
            await world.registry.deregister(world.instance.id)
        assert reader.result().index > came.index

    async def test_a_read_without_news_ends_with_what_is_known(self, world: World) -> None:
        await world.register()
        known = await until(world.instances, lambda answer: bool(answer.instances))
        again = await world.registry.instances(world.target, index=known.index, wait_s=0.05)
        assert (ids(again), again.index >= known.index) == (ids(known), True)

    async def test_an_instance_comes_out_as_it_went_in(self, world: World) -> None:
        await world.register()
        (seen,) = (await until(world.instances, lambda answer: bool(answer.instances))).instances
        assert replace(seen, node="", datacenter="", checks=()) == world.instance

    async def test_instances_come_in_the_order_of_their_ids(self, world: World) -> None:
        for suffix in ("b", "c", "a"):
            await world.register(instance=replace(world.instance, id=f"{world.instance.id}-{suffix}"))
        answer = await until(world.instances, lambda answer: len(answer.instances) == 3)
        assert ids(answer) == [f"{world.instance.id}-{suffix}" for suffix in "abc"]

    @pytest.mark.parametrize(
        ("check", "health"),
        [(HTTP, Health.PASSING), (replace(HTTP, passing=False), Health.CRITICAL), (TTL, Health.PASSING)],
    )
    async def test_health_is_at_once_what_was_registered(
        self, world: World, check: HttpCheck | TtlCheck, health: Health
    ) -> None:
        await world.register(check)
        (seen,) = (await until(world.instances, lambda answer: bool(answer.instances))).instances
        assert seen.health is health
        assert Check(f"service:{seen.id}", health) in seen.checks

    async def test_registering_again_replaces_all_but_the_status(self, world: World) -> None:
        await world.register(replace(HTTP, passing=False))
        changed = replace(world.instance, tags=(), meta={"version": "2"}, weight=1)
        await world.register(HTTP, changed)
        answer = await until(world.instances, lambda answer: [each.version for each in answer.instances] == ["2"])
        (seen,) = answer.instances
        assert replace(seen, node="", datacenter="", checks=()) == replace(changed, health=Health.CRITICAL)
        assert [check.id for check in seen.checks if check.id.startswith("service:")] == [f"service:{seen.id}"]

    async def test_what_is_not_there_has_no_entry_and_may_go(self, world: World) -> None:
        assert await world.registry.entry(world.instance.id) is None
        assert await world.registry.entry(world.instance.id, hash="anything", wait_s=WAIT_S) is None
        await world.registry.deregister(world.instance.id)

    async def test_an_entry_is_there_when_registering_is_over(self, world: World) -> None:
        await world.register()
        entry = await world.entry()
        assert entry.hash
        assert replace(entry.instance, datacenter="", checks=()) == world.instance

    async def test_equal_entries_have_equal_hashes_and_others_have_not(self, world: World) -> None:
        await world.register()
        first = await world.entry()
        await world.register()
        assert (await world.entry()).hash == first.hash
        await world.register(instance=replace(world.instance, meta={"version": "2"}))
        assert (await world.entry()).hash != first.hash

    async def test_who_waits_for_an_entry_sees_it_change_and_go(self, world: World) -> None:
        await world.register()
        known = await world.entry()
        async with asyncio.timeout(WAIT_S / 2), asyncio.TaskGroup() as group:
            reader = group.create_task(world.registry.entry(world.instance.id, hash=known.hash, wait_s=WAIT_S))
            await world.register(instance=replace(world.instance, meta={"version": "2"}))
        changed = reader.result()
        assert changed is not None
        assert changed.instance.version == "2"
        async with asyncio.timeout(WAIT_S / 2), asyncio.TaskGroup() as group:
            reader = group.create_task(world.registry.entry(world.instance.id, hash=changed.hash, wait_s=WAIT_S))
            await world.registry.deregister(world.instance.id)
        assert reader.result() is None

    async def test_who_waits_for_an_entry_in_vain_gets_the_same(self, world: World) -> None:
        await world.register()
        known = await world.entry()
        assert await world.registry.entry(world.instance.id, hash=known.hash, wait_s=0.05) == known

    async def test_a_heartbeat_needs_a_ttl_check(self, world: World) -> None:
        with pytest.raises(RegistryRejected):
            await world.registry.heartbeat(world.instance.id)
        await world.register(HTTP)
        with pytest.raises(RegistryRejected):
            await world.registry.heartbeat(world.instance.id)
        await world.register(TTL)
        await world.registry.heartbeat(world.instance.id)

    async def test_every_service_is_named_with_its_tags(self, world: World) -> None:
        def names(index: int) -> Awaitable[Names]:
            return world.registry.names(index=index, wait_s=WAIT_S)

        before = await world.registry.names()
        assert world.instance.service not in before.services
        async with asyncio.TaskGroup() as group:
            reader = group.create_task(
                until(names, lambda answer: world.instance.service in answer.services, before.index)
            )
            await world.register()
        assert sorted(reader.result().services[world.instance.service]) == sorted(world.instance.tags)

    async def test_settings_come_without_their_prefix_and_wake_who_waits(self, world: World) -> None:
        prefix = f"mesh/{world.instance.service}/"
        before = await world.registry.settings(prefix)
        assert (before.values, before.index >= 1) == ({}, True)
        async with asyncio.TaskGroup() as group:
            reader = group.create_task(
                until(
                    lambda index: world.registry.settings(prefix, index=index, wait_s=WAIT_S),
                    lambda answer: bool(answer.values),
                    before.index,
                )
            )
            await world.operator.put(f"{prefix}timeout_s", "2 µs")
        assert reader.result().values == {"timeout_s": "2 µs"}

    async def test_maintenance_shows_and_outlives_a_registration(self, world: World) -> None:
        await world.register()
        answer = await until(world.instances, lambda answer: bool(answer.instances))
        assert not answer.instances[0].maintenance
        await world.operator.maintain(answer.instances[0])
        answer = await until(
            world.instances, lambda answer: any(each.maintenance for each in answer.instances), answer.index
        )
        assert answer.instances[0].health is Health.CRITICAL
        await world.register(instance=replace(world.instance, meta={"version": "2"}))
        answer = await until(world.instances, lambda answer: [each.version for each in answer.instances] == ["2"])
        assert (answer.instances[0].maintenance, answer.instances[0].health) == (True, Health.CRITICAL)


@pytest.fixture
def instance() -> Instance:
    service = f"ports-{uuid4().hex[:8]}"
    return Instance(
        id=f"{service}-127.0.0.1-5001",
        service=service,
        host="127.0.0.1",
        port=5001,
        tags=("blue", "green"),
        meta={"version": "1", "boot": "µ"},
        weight=10,
        warning_weight=0,
    )


class InMemory:
    """An operator of the static registry."""

    def __init__(self, registry: StaticRegistry) -> None:
        self._registry = registry

    async def maintain(self, instance: Instance) -> None:
        check = Check(f"_service_maintenance:{instance.id}", Health.CRITICAL)
        closed = replace(instance, health=Health.CRITICAL, checks=(*instance.checks, check))
        self._registry.replace(instance.service, [closed])

    async def put(self, key: str, value: str) -> None:
        self._registry.set_values({key: value})


class ByHttp:
    """An operator with an HTTP client."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def maintain(self, instance: Instance) -> None:
        await self._put(f"agent/service/maintenance/{instance.id}?enable=true&reason=a+test", "")

    async def put(self, key: str, value: str) -> None:
        await self._put(f"kv/{key}", value)

    async def _put(self, path: str, data: str) -> None:
        async with self._session.put(f"/v1/{path}", data=data.encode()) as response:
            assert response.status == 200, await response.text()


class TestStaticRegistry(RegistryContract):
    @pytest.fixture
    def world(self, instance: Instance) -> World:
        registry = StaticRegistry({"others": ["127.0.0.1:5000"]})
        return World(registry, InMemory(registry), instance)


class TestConsulRegistry(RegistryContract):
    @pytest.fixture
    async def world(self, agent_url: str, instance: Instance) -> AsyncIterator[World]:
        config = MeshConfig(name="tests", consul_url=agent_url)
        async with aiohttp.ClientSession(agent_url) as session, ConsulRegistry(config) as registry:
            world = World(registry, ByHttp(session), instance)
            yield world
            for each in (await registry.instances(world.target)).instances:
                await registry.deregister(each.id)

    async def test_a_filter_lets_some_of_the_instances_pass(self, world: World) -> None:
        filtered = world.target._replace(filter='"v2" in Service.Tags')

        def read(index: int) -> Awaitable[Answer]:
            return world.registry.instances(filtered, index=index, wait_s=WAIT_S)

        await world.register()
        before = await until(world.instances, lambda answer: bool(answer.instances))
        assert (await read(0)).instances == ()
        async with asyncio.TaskGroup() as group:
            reader = group.create_task(until(read, lambda answer: bool(answer.instances), before.index))
            new = replace(world.instance, id=f"{world.instance.id}-2", tags=("v2",))
            await world.register(instance=new)
        assert ids(reader.result()) == [new.id]

    @pytest.mark.parametrize("filter", ['"v2" in', 'Foo == "1"'])
    async def test_a_filter_that_cannot_be_read_is_rejected_as_such(self, world: World, filter: str) -> None:
        await world.register()
        with pytest.raises(FilterRejected, match="cannot read the filter: "):
            await world.registry.instances(world.target._replace(filter=filter))
