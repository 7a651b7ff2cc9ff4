"""The registry that fails on command."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from discovery.errors import RegistryRejected, RegistryUnavailable
from discovery.model import Instance, Target
from discovery.registry.port import Registration, TtlCheck
from discovery.testing.registry import FakeRegistry

PORTS = Target("ports")
REGISTRATION = Registration(
    Instance(id="p1", service="ports", host="127.0.0.1", port=5001), TtlCheck(ttl_s=20, deregister_after_s=60)
)
CALLS: list[Callable[[FakeRegistry], Awaitable[object]]] = [
    lambda registry: registry.register(REGISTRATION),
    lambda registry: registry.heartbeat("p1"),
    lambda registry: registry.entry("p1"),
    lambda registry: registry.instances(PORTS),
    lambda registry: registry.names(),
    lambda registry: registry.settings("mesh/"),
    lambda registry: registry.deregister("p1"),
]


async def test_everything_fails_until_it_is_healed() -> None:
    registry = FakeRegistry()
    registry.fail(RegistryUnavailable("away"))
    for call in CALLS:
        with pytest.raises(RegistryUnavailable, match="away"):
            await call(registry)
    registry.heal()
    for call in CALLS:
        await call(registry)


async def test_who_is_blocked_fails_at_once_even_when_it_heals_in_the_same_moment() -> None:
    registry = FakeRegistry({"ports": ["127.0.0.1:5001"]})
    index = (await registry.instances(PORTS)).index
    reader = asyncio.create_task(registry.instances(PORTS, index=index, wait_s=60))
    await asyncio.wait([reader], timeout=0)
    registry.fail(RegistryUnavailable("away"))
    registry.fail(RegistryRejected("for good"))
    registry.heal()
    with pytest.raises(RegistryRejected, match="for good"):
        await reader


async def test_what_it_doubts_itself_is_not_to_be_trusted() -> None:
    registry = FakeRegistry({"ports": ["127.0.0.1:5001"]})
    registry.doubt("no leader")
    answer = await registry.instances(PORTS)
    assert (answer.trustworthy, answer.doubt, len(answer.instances)) == (False, "no leader", 1)
    registry.doubt("")
    assert (await registry.instances(PORTS)).trustworthy
