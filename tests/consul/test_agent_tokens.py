"""The tokens of Consul's own agents and of Prometheus: they are enough, and no line can be missing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

import discovery
from tests.consul.cluster import Cluster, guest
from tests.consul.rules import each_rule, parts, token_without
from tests.contract.api import PATIENCE_S, Api

pytestmark = pytest.mark.consul

_NODE = "consul-agent-2"
_LOOK_EVERY_S = 0.05


def known_by(token: str) -> dict[str, Any]:
    """What an agent is told that is to enter itself with this token."""
    return {"acl": {"tokens": {"agent": token}}}


async def remembered(manager: Api) -> set[str]:
    """What the catalogue has at the node: ids of services and checks."""
    node = (await manager.get(f"/v1/catalog/node/{_NODE}")).json
    checks = (await manager.get(f"/v1/health/node/{_NODE}")).json
    return {*(node["Services"] if node else ()), *(check["CheckID"] for check in checks)}


async def until_forgotten(manager: Api, entry: str) -> set[str]:
    """Wait until the catalogue has an entry no more: what it has then."""
    clock = discovery.Surroundings().clock
    async with asyncio.timeout(PATIENCE_S):
        while entry in (left := await remembered(manager)):
            await clock.sleep(_LOOK_EVERY_S)
    return left


async def leave_behind(manager: Api) -> None:
    """What an agent that has lost its memory finds of itself. Services are taken out before checks."""
    leftover: dict[str, Any] = {"Node": _NODE, "Address": "127.0.0.1", "Service": {"Service": "old-service"}}
    leftover["Check"] = {"CheckID": "old-check", "Name": "old", "Status": "passing"}
    await manager.done("/v1/catalog/register", leftover)


async def test_an_agent_enters_itself_takes_out_what_it_has_forgotten_and_stays_when_it_is_stopped(
    cluster: Cluster, manager: Api
) -> None:
    await leave_behind(manager)
    with guest(cluster, _NODE, known_by(cluster.token("agent"))) as node:
        await asyncio.to_thread(node.until_it_says, "Synced node info")
        left = await until_forgotten(manager, "old-check")
        assert "old-service" not in left
        await manager.until_catalogued("consul", 3)
        # As `docker stop` does it. Who is registered with it goes on, and has to be found.
        await asyncio.to_thread(node.stop)
        assert "serfHealth" in await remembered(manager)
    assert await until_forgotten(manager, "serfHealth") == set()


@pytest.mark.parametrize(("name", "rule"), each_rule("agent"))
async def test_no_line_of_the_agents_policy_can_be_missing(
    name: str, rule: str, cluster: Cluster, manager: Api
) -> None:
    kind, _ = parts(rule)
    token = await token_without(rule, name, cluster, manager)
    await leave_behind(manager)
    with guest(cluster, _NODE, known_by(token)) as node:
        if kind == "node_prefix":
            await asyncio.to_thread(node.until_it_says, "lacks permission 'node:write'")
            assert "Synced node info" not in node.said()
        else:
            await asyncio.to_thread(node.until_it_says, "Synced node info")
            assert "old-service" in await until_forgotten(manager, "old-check")
    await manager.done("/v1/catalog/deregister", {"Node": _NODE})


async def prometheus_sees(cluster: Cluster, token: str) -> set[str]:
    """What Prometheus asks a Consul for (its consul_sd_configs, and a scrape of Consul itself), and is told."""
    seen = set()
    async with aiohttp.ClientSession(cluster.agent.url, headers={"X-Consul-Token": token}) as session:
        api = Api(session)
        if (await api.get("/v1/agent/self")).status == 200:
            seen.add("the datacentre")
        if "metered" in (await api.get("/v1/catalog/services", filter='"metrics" in ServiceTags')).json:
            seen.add("the names")
        if (await api.get("/v1/health/service/metered", tag="metrics")).json:
            seen.add("the instances")
        metrics = await api.get("/v1/agent/metrics", format="prometheus")
        if metrics.status == 200 and "consul_runtime_num_goroutines" in metrics.text:
            seen.add("consul's metrics")
    return seen


@pytest.fixture
async def metered(manager: Api) -> AsyncIterator[None]:
    """A service that wants to be asked for its metrics."""
    await manager.register("metered", Tags=["metrics"], Port=1)
    await manager.until_catalogued("metered")
    yield
    await manager.done("/v1/agent/service/deregister/metered")


ALL = {"the datacentre", "the names", "the instances", "consul's metrics"}
LOST = {
    "service_prefix": {"the names", "the instances"},
    "node_prefix": {"the instances"},
    "agent_prefix": {"the datacentre", "consul's metrics"},
}


@pytest.mark.usefixtures("metered")
async def test_prometheus_finds_whom_to_ask_and_reads_the_metrics_of_consul(cluster: Cluster) -> None:
    assert await prometheus_sees(cluster, cluster.token("prometheus")) == ALL


@pytest.mark.usefixtures("metered")
@pytest.mark.parametrize(("name", "rule"), each_rule("prometheus"))
async def test_no_line_of_the_policy_of_prometheus_can_be_missing(
    name: str, rule: str, cluster: Cluster, manager: Api
) -> None:
    kind, _ = parts(rule)
    token = await token_without(rule, name, cluster, manager)
    assert await prometheus_sees(cluster, token) == ALL - LOST[kind]
