"""The catalog: reading it, and writing it past any agent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.contract.api import Api
from tests.contract.test_agent_health import NODE_KEYS, SERVICE_KEYS

CATALOG_SERVICE_KEYS = {
    "ID", "Node", "Address", "Datacenter", "TaggedAddresses", "NodeMeta", "ServiceKind", "ServiceID", "ServiceName",
    "ServiceTags", "ServiceAddress", "ServiceWeights", "ServiceMeta", "ServicePort", "ServiceSocketPath",
    "ServiceEnableTagOverride", "ServiceProxy", "ServiceConnect", "ServiceLocality", "CreateIndex", "ModifyIndex",
}  # fmt: skip


@pytest.fixture
async def foreign(api: Api, name: str) -> AsyncIterator[str]:
    """The name of a node without an agent; whatever is on it is taken out at the end."""
    yield f"{name}-node"
    await api.done("/v1/catalog/deregister", {"Node": f"{name}-node"})


async def test_names_come_with_the_tags_of_all_instances(api: Api, name: str) -> None:
    await api.register(name, ID=f"{name}-1", Tags=["blue"])
    await api.register(name, ID=f"{name}-2", Tags=["green", "blue"])
    await api.until_catalogued(name, 2)
    services = (await api.get("/v1/catalog/services")).json
    assert sorted(services[name]) == ["blue", "green"]
    assert services["consul"] == []


async def test_an_instance_is_one_flat_object(api: Api, name: str) -> None:
    await api.register(name, Address="127.0.0.1", Port=1, Tags=["blue"], Meta={"version": "1"})
    await api.until_catalogued(name)
    (entry,) = (await api.get(f"/v1/catalog/service/{name}")).json
    assert set(entry) == CATALOG_SERVICE_KEYS | {"ServiceTaggedAddresses"}
    assert (entry["ServiceID"], entry["ServicePort"], entry["ServiceMeta"]) == (name, 1, {"version": "1"})
    assert (entry["Node"], entry["ServiceWeights"]) == (await api.node(), {"Passing": 1, "Warning": 1})
    await api.register(name)
    _, after = await api.woken(f"/v1/catalog/service/{name}", api.register(name, Tags=["green"]))
    assert set(after.json[0]) == CATALOG_SERVICE_KEYS
    assert (await api.get(f"/v1/catalog/service/{name}", tag="blue")).json == []


async def test_a_node_is_shown_with_its_services(api: Api, name: str) -> None:
    await api.register(name, Port=1)
    await api.until_catalogued(name)
    node = (await api.get(f"/v1/catalog/node/{await api.node()}")).json
    assert set(node) == {"Node", "Services"}
    assert set(node["Node"]) == NODE_KEYS
    assert set(node["Services"][name]) == SERVICE_KEYS | {"Port"}
    assert (await api.get(f"/v1/catalog/node/{name}")).json is None


async def test_nodes_and_datacenters_are_listed(api: Api) -> None:
    nodes = {node["Node"]: node for node in (await api.get("/v1/catalog/nodes")).json}
    assert set(nodes[await api.node()]) == NODE_KEYS
    assert (await api.get("/v1/catalog/datacenters")).json == ["dc1"]


async def test_a_node_without_an_agent_may_be_written(api: Api, name: str, foreign: str) -> None:
    entry = {
        "Node": foreign,
        "Address": "203.0.113.1",
        "NodeMeta": {"rack": "1"},
        "Service": {
            "Service": name,
            "Tags": ["x"],
            "Meta": {"k": "v"},
            "Port": 9,
            "Weights": {"Passing": 3, "Warning": 1},
        },
        "Checks": [{"Name": "alive", "Status": "passing", "ServiceID": name}, {"Name": "of the node"}],
    }
    assert (await api.done("/v1/catalog/register", entry)).json is True
    (shown,) = (await api.get(f"/v1/health/service/{name}")).json
    assert (shown["Node"]["Meta"], shown["Node"]["ID"], shown["Node"]["TaggedAddresses"]) == ({"rack": "1"}, "", None)
    assert (shown["Service"]["Port"], shown["Service"]["Weights"]["Passing"]) == (9, 3)
    statuses = {check["CheckID"]: (check["Status"], check["ServiceName"]) for check in shown["Checks"]}
    assert statuses == {"of the node": ("critical", ""), "alive": ("passing", name)}


async def test_who_is_written_past_an_agent_wakes_readers(api: Api, name: str, foreign: str) -> None:
    entry = {"Node": foreign, "Address": "203.0.113.1", "Service": {"Service": name}}
    _, after = await api.woken(f"/v1/health/service/{name}", api.done("/v1/catalog/register", entry))
    assert len(after.json) == 1
    check = {"Node": foreign, "Address": "203.0.113.1", "Check": {"Name": "c", "Status": "warning", "ServiceID": name}}
    _, after = await api.woken(f"/v1/health/service/{name}", api.done("/v1/catalog/register", check))
    assert [check["Status"] for check in after.json[0]["Checks"]] == ["warning"]
    gone = {"Node": foreign, "CheckID": "c"}
    _, after = await api.woken(f"/v1/health/service/{name}", api.done("/v1/catalog/deregister", gone))
    assert after.json[0]["Checks"] == []
    _, after = await api.woken(f"/v1/health/service/{name}", api.done("/v1/catalog/deregister", {"Node": foreign}))
    assert after.json == []
    assert (await api.get(f"/v1/catalog/node/{foreign}")).json is None


async def test_a_node_that_comes_wakes_who_lists_nodes(api: Api, foreign: str) -> None:
    entry = {"Node": foreign, "Address": "203.0.113.1"}
    _, after = await api.woken("/v1/catalog/nodes", api.done("/v1/catalog/register", entry))
    assert foreign in {node["Node"] for node in after.json}


@pytest.mark.parametrize(
    ("path", "entry", "problem"),
    [
        ("register", {}, "Must provide node"),
        ("register", {"Node": "{node}"}, "Must provide address if SkipNodeUpdate is not set"),
        (
            "register",
            {"Node": "{node}", "Address": "a", "Service": {"ID": "x"}},
            "Must provide service name (Service.Service) when service ID is provided",
        ),
        (
            "register",
            {"Node": "{node}", "Address": "a", "Check": {"CheckID": "c", "ServiceID": "x"}},
            "Unknown service ID 'x' for check ID 'c'",
        ),
        ("register", {"Node": "{node}", "Address": "a", "Datacenter": "dc2"}, "No path to datacenter"),
        ("deregister", {}, "Must provide node"),
        ("deregister", {"Node": "{node}", "Datacenter": "dc2"}, "No path to datacenter"),
    ],
)
async def test_what_cannot_be_written_is_refused_in_words(
    api: Api, foreign: str, path: str, entry: dict[str, Any], problem: str
) -> None:
    named = entry | ({"Node": foreign} if "Node" in entry else {})
    answer = await api.put(f"/v1/catalog/{path}", named)
    assert (answer.status, answer.text) == (500, problem)


async def test_taking_out_what_is_not_there_is_no_error(api: Api, foreign: str) -> None:
    for what in ({}, {"ServiceID": "none"}, {"CheckID": "none"}):
        assert (await api.done("/v1/catalog/deregister", {"Node": foreign, **what})).json is True
