"""Hash-blocking on one's own entry: what wakes it, what does not, and what mends an entry that was lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

from tests.contract.api import LONG, PATIENCE_S, SHORT, Answer, Api

CHECK = {"TTL": "1h", "Status": "passing"}


async def entry(api: Api, name: str, **query: str) -> Answer:
    return await api.get(f"/v1/agent/service/{name}", **query)


async def hash_of(api: Api, name: str) -> str:
    return (await entry(api, name)).header("X-Consul-ContentHash")


async def woken(api: Api, name: str, change: Awaitable[object]) -> Answer:
    known = await hash_of(api, name)
    async with asyncio.timeout(PATIENCE_S / 2), asyncio.TaskGroup() as group:
        reader = group.create_task(entry(api, name, hash=known, wait=LONG))
        await change
    return reader.result()


@pytest.mark.parametrize(
    "fields",
    [{"Meta": {"boot": "2"}}, {"Tags": ["x"]}, {"Port": 2}, {"Weights": {"Passing": 3}}, {"Address": "127.0.0.2"}],
)
async def test_another_definition_wakes_the_reader(api: Api, name: str, fields: dict[str, Any]) -> None:
    await api.register(name)
    before = await hash_of(api, name)
    answer = await woken(api, name, api.register(name, **fields))
    assert answer.status == 200
    assert answer.header("X-Consul-ContentHash") == answer.json["ContentHash"] != before


async def test_deregistering_wakes_the_reader_with_a_404(api: Api, name: str) -> None:
    await api.register(name)
    answer = await woken(api, name, api.done(f"/v1/agent/service/deregister/{name}"))
    assert (answer.status, answer.text) == (404, f"unknown service ID: {name}")


async def test_nothing_else_wakes_the_reader(api: Api, name: str) -> None:
    await api.register(name, Check=CHECK)
    await api.until_catalogued(name)
    known = await hash_of(api, name)
    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as group:
        reader = group.create_task(entry(api, name, hash=known, wait=SHORT))
        await api.register(name, Check=CHECK)
        await api.register(f"{name}-other")
        await api.done(f"/v1/agent/check/warn/service:{name}")
        await api.done(f"/v1/agent/service/maintenance/{name}", enable="true")
        await api.done(f"/v1/agent/check/deregister/service:{name}")
        await api.done("/v1/catalog/deregister", {"Node": await api.node(), "ServiceID": name})
        assert not reader.done()
    assert reader.result().header("X-Consul-ContentHash") == known


async def test_another_hash_is_answered_at_once(api: Api, name: str) -> None:
    await api.register(name)
    async with asyncio.timeout(PATIENCE_S / 2):
        answer = await entry(api, name, hash="another", wait=LONG)
    assert answer.status == 200


async def test_an_entry_that_is_not_there_is_not_waited_for(api: Api, name: str) -> None:
    async with asyncio.timeout(PATIENCE_S / 2):
        answer = await entry(api, name, hash="any", wait=LONG)
    assert answer.status == 404


async def test_equal_definitions_have_equal_hashes(api: Api, name: str) -> None:
    await api.register(name, Port=1)
    first = await hash_of(api, name)
    await api.done(f"/v1/agent/service/deregister/{name}")
    await api.register(name, Port=1)
    assert await hash_of(api, name) == first


async def test_a_wait_that_is_no_duration_is_refused(api: Api, name: str) -> None:
    await api.register(name)
    answer = await entry(api, name, hash="x", wait="5")
    assert (answer.status, answer.text) == (400, "Invalid wait time")


async def lost(api: Api, name: str) -> None:
    """Register, and lose the entry from the catalog, though not from the agent."""
    await api.register(name, Check=CHECK)
    await api.until_catalogued(name)
    await api.done("/v1/catalog/deregister", {"Node": await api.node(), "ServiceID": name})
    await api.until_catalogued(name, 0)


async def test_an_identical_registration_does_not_mend_a_lost_entry(api: Api, name: str) -> None:
    await lost(api, name)
    await api.register(name, Check=CHECK)
    await api.register(f"{name}-fence")
    await api.until_catalogued(f"{name}-fence")
    assert (await api.get(f"/v1/health/service/{name}")).json == []


async def test_another_registration_mends_a_lost_entry_but_not_its_check(api: Api, name: str) -> None:
    await lost(api, name)
    await api.register(name, Check=CHECK, Meta={"generation": "2"})
    await api.until_catalogued(name)
    assert f"service:{name}" not in await api.checks(name)


async def test_another_registration_brings_a_check_back_that_had_something_new_to_say(api: Api, name: str) -> None:
    await lost(api, name)
    await api.done(f"/v1/agent/check/pass/service:{name}", note="new words")
    await api.register(name, Check=CHECK, Meta={"generation": "2"})
    await api.until_catalogued(name)
    assert (await api.checks(name))[f"service:{name}"]["Output"] == "new words"


async def test_a_changed_check_mends_a_lost_entry(api: Api, name: str) -> None:
    await lost(api, name)
    await api.done(f"/v1/agent/check/warn/service:{name}")
    await api.until_catalogued(name)
    assert (await api.checks(name))[f"service:{name}"]["Status"] == "warning"
