"""The registry in memory. What it shares with Consul is in tests/contract."""

from __future__ import annotations

import asyncio

import pytest

from discovery.config import MeshConfig
from discovery.errors import ConfigError, FilterRejected
from discovery.model import Health, Instance, Source, Target
from discovery.registry.port import HttpCheck, Registration, TtlCheck
from discovery.registry.static_registry import StaticRegistry

PORTS = Target("ports")
WAIT_S = 20.0


def test_it_is_made_without_a_loop_and_serves_one_after_the_other() -> None:
    registry = StaticRegistry({"ports": ("127.0.0.1:5001",)})

    async def wait_for_news() -> int:
        async with asyncio.TaskGroup() as group:
            index = (await registry.instances(PORTS)).index
            reader = group.create_task(registry.instances(PORTS, index=index, wait_s=WAIT_S))
            await asyncio.wait([reader], timeout=0)
            registry.replace("ports", [])
        return reader.result().index

    assert asyncio.run(wait_for_news()) < asyncio.run(wait_for_news())


async def test_endpoints_are_instances_with_stable_ids() -> None:
    async with StaticRegistry({"ports": ("127.0.0.1:5002", "[::1]:5001")}) as registry:
        answer = await registry.instances(PORTS)
        assert answer.instances == (
            Instance(id="ports-127.0.0.1-5002", service="ports", host="127.0.0.1", port=5002),
            Instance(id="ports-::1-5001", service="ports", host="::1", port=5001),
        )
        assert (answer.source, answer.trustworthy) == (Source.STATIC, True)


async def test_an_endpoint_may_speak_tls() -> None:
    said = MeshConfig.from_env("tests", {"MESH_STATIC": "ports=https://127.0.0.1:5001+127.0.0.1:5002"}).static
    answer = await StaticRegistry(said).instances(PORTS)
    assert [each.origin for each in answer.instances] == ["https://127.0.0.1:5001", "http://127.0.0.1:5002"]


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.1:0", "", "http://a:1", "https://a", "a:port", "a:70000"])
def test_an_endpoint_needs_a_host_and_a_port(address: str) -> None:
    with pytest.raises(ConfigError, match="static endpoint of 'ports'"):
        StaticRegistry({"ports": [address]})


async def test_a_change_wakes_readers_of_that_service_alone() -> None:
    registry = StaticRegistry({"ports": ["127.0.0.1:5001"], "laptops": ["127.0.0.1:5000"]})
    ports, laptops = await registry.instances(PORTS), await registry.instances(Target("laptops"))
    async with asyncio.TaskGroup() as group:
        woken = group.create_task(registry.instances(PORTS, index=ports.index, wait_s=WAIT_S))
        asleep = group.create_task(registry.instances(Target("laptops"), index=laptops.index, wait_s=WAIT_S))
        await asyncio.wait([woken, asleep], timeout=0)
        registry.replace("ports", [])
        assert (await woken).instances == ()
        assert not asleep.done()
        asleep.cancel()


async def test_another_datacenter_is_empty() -> None:
    registry = StaticRegistry({"ports": ["127.0.0.1:5001"]})
    assert (await registry.instances(Target("ports", "dc2"))).instances == ()


async def test_a_filter_is_refused_in_words() -> None:
    registry = StaticRegistry({"ports": ["127.0.0.1:5001"]})
    with pytest.raises(FilterRejected, match="a static registry knows no filters"):
        await registry.instances(Target("ports", filter='"v2" in Service.Tags'))


async def test_settings_are_those_below_the_prefix() -> None:
    registry = StaticRegistry()
    registry.set_values({"mesh/ports/attempts": "2", "mesh/portside/attempts": "3", "mesh/ports/": ""})
    assert (await registry.settings("mesh/ports/")).values == {"attempts": "2"}


async def test_an_equal_registration_is_no_news() -> None:
    registry = StaticRegistry()
    registration = Registration(
        Instance(id="p1", service="ports", host="127.0.0.1", port=5001), TtlCheck(ttl_s=20, deregister_after_s=60)
    )
    await registry.register(registration)
    index = (await registry.instances(PORTS)).index
    await registry.register(registration)
    await registry.heartbeat("p1")
    assert (await registry.instances(PORTS)).index == index


async def test_an_instance_that_changes_its_service_leaves_the_old_one() -> None:
    registry = StaticRegistry()
    check = HttpCheck(url="http://127.0.0.1:1/", interval_s=5, timeout_s=2, deregister_after_s=60)
    await registry.register(Registration(Instance(id="p1", service="laptops", host="a", port=1), check))
    known = await registry.instances(Target("laptops"))
    await registry.register(Registration(Instance(id="p1", service="ports", host="a", port=1), check))
    assert (await registry.instances(Target("laptops"), index=known.index, wait_s=WAIT_S)).instances == ()
    assert (await registry.instances(PORTS)).instances[0].health is Health.PASSING
