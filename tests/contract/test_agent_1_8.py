"""A Consul that is past its end of life: what the library leans on is there already."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.contract.api import Api

pytestmark = pytest.mark.consul_1_8


@pytest.fixture
async def agent_url(old_consul_url: str) -> str:
    return old_consul_url


@pytest.fixture
async def api(agent_url: str) -> AsyncIterator[Api]:
    async with aiohttp.ClientSession(agent_url) as session:
        yield Api(session)


async def test_an_instance_comes_changes_and_goes(api: Api, name: str) -> None:
    path = f"/v1/health/service/{name}"
    fields = {"Address": "127.0.0.1", "Port": 1, "Meta": {"boot": "1"}, "Weights": {"Passing": 10, "Warning": 1}}
    check = {"HTTP": "http://127.0.0.1:1/", "Interval": "1h", "Timeout": "2s", "Status": "passing"}
    await api.register(name, **fields, Check=check)
    await api.until_settled(name)
    (entry,) = (await api.get(path, passing="")).json
    assert (entry["Service"]["Port"], entry["Service"]["Meta"]) == (1, {"boot": "1"})
    before, after = await api.woken(path, api.done(f"/v1/agent/service/maintenance/{name}", enable="true"))
    assert after.index > before.index
    assert {check["CheckID"] for check in after.json[0]["Checks"]} >= {f"_service_maintenance:{name}"}
    _, after = await api.woken(path, api.done(f"/v1/agent/service/deregister/{name}"))
    assert after.json == []


async def test_ones_own_entry_is_read_by_its_hash(api: Api, name: str) -> None:
    await api.register(name)
    first = await api.get(f"/v1/agent/service/{name}")
    known = first.header("X-Consul-ContentHash")
    assert first.json["ContentHash"] == known
    again = await api.get(f"/v1/agent/service/{name}", hash=known, wait="50ms")
    assert again.header("X-Consul-ContentHash") == known
    await api.register(name, Meta={"boot": "2"})
    changed = await api.get(f"/v1/agent/service/{name}", hash=known, wait="20s")
    assert changed.header("X-Consul-ContentHash") != known


async def test_word_for_a_check_and_values_by_prefix(api: Api, name: str, prefix: str) -> None:
    await api.register(name, Check={"TTL": "1h"})
    await api.until_settled(name)
    path = f"/v1/health/service/{name}"
    _, after = await api.woken(path, api.done(f"/v1/agent/check/pass/service:{name}"), passing="")
    assert len(after.json) == 1
    _, after = await api.woken(f"/v1/kv/{prefix}", api.done(f"/v1/kv/{prefix}a", "one"), recurse="")
    assert [pair["Key"] for pair in after.json] == [f"{prefix}a"]
