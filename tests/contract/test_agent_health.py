"""Health queries and maintenance: what a caller discovers by."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.api import Api
from tests.contract.test_agent_checks import CHECK_KEYS

NODE_KEYS = {
    "ID", "Node", "Address", "Datacenter", "TaggedAddresses", "Meta", "CreateIndex", "ModifyIndex",
}  # fmt: skip
SERVICE_KEYS = {
    "ID", "Service", "Tags", "Address", "Meta", "Weights", "EnableTagOverride", "Proxy", "Connect", "PeerName",
    "CreateIndex", "ModifyIndex",
}  # fmt: skip


async def entries(api: Api, service: str, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await api.get(f"/v1/health/service/{service}", **query)).json
    return found


async def test_an_instance_is_shown_with_its_node_and_all_checks(api: Api, name: str) -> None:
    fields = {"Tags": ["blue"], "Address": "127.0.0.1", "Port": 5001, "Meta": {"version": "1"}}
    await api.register(name, **fields, Weights={"Passing": 10, "Warning": 2}, Check={"TTL": "1h"})
    await api.until_catalogued(name)
    (entry,) = await entries(api, name)
    assert set(entry) == {"Node", "Service", "Checks"}
    assert set(entry["Node"]) == NODE_KEYS
    assert (entry["Node"]["Node"], entry["Node"]["Datacenter"]) == (await api.node(), "dc1")
    service = entry["Service"]
    assert set(service) == SERVICE_KEYS | {"Port", "TaggedAddresses"}
    assert {key: service[key] for key in fields} == fields
    assert (service["ID"], service["Service"], service["Weights"]) == (name, name, {"Passing": 10, "Warning": 2})
    assert [check["CheckID"] for check in entry["Checks"]] == ["serfHealth", f"service:{name}"]
    assert [set(check) for check in entry["Checks"]] == [CHECK_KEYS, CHECK_KEYS]
    assert [check["ServiceTags"] for check in entry["Checks"]] == [[], ["blue"]]


async def test_what_an_instance_has_not_is_null_or_left_out(api: Api, name: str) -> None:
    await api.register(name)
    await api.until_catalogued(name)
    (entry,) = await entries(api, name)
    assert set(entry["Service"]) == SERVICE_KEYS
    assert (entry["Service"]["Meta"], entry["Service"]["Tags"], entry["Service"]["Address"]) == (None, [], "")


async def test_records_keep_the_index_of_their_birth(api: Api, name: str) -> None:
    await api.register(name)
    await api.until_catalogued(name)
    (before,) = await entries(api, name)
    assert before["Service"]["CreateIndex"] == before["Service"]["ModifyIndex"]
    _, answer = await api.woken(f"/v1/health/service/{name}", api.register(name, Port=1))
    after = answer.json[0]["Service"]
    assert after["CreateIndex"] == before["Service"]["CreateIndex"]
    assert after["ModifyIndex"] == answer.index > before["Service"]["ModifyIndex"]


async def test_passing_leaves_out_all_others(api: Api, name: str) -> None:
    for status in ("passing", "warning", "critical"):
        await api.register(name, ID=f"{name}-{status}", Check={"TTL": "1h", "Status": status})
    await api.until_catalogued(name, 3)
    for option, expected in (("", ["passing"]), ("true", ["passing"]), ("0", ["critical", "passing", "warning"])):
        found = [entry["Service"]["ID"] for entry in await entries(api, name, passing=option)]
        assert found == [f"{name}-{status}" for status in expected]
    refused = await api.get(f"/v1/health/service/{name}", passing="perhaps")
    assert (refused.status, refused.text) == (400, "Invalid value for ?passing")


async def test_a_tag_may_be_asked_for(api: Api, name: str) -> None:
    await api.register(name, ID=f"{name}-1", Tags=["blue", "small"])
    await api.register(name, ID=f"{name}-2", Tags=["blue"])
    await api.until_catalogued(name, 2)
    assert len(await entries(api, name, tag="blue")) == 2
    assert [entry["Service"]["ID"] for entry in await entries(api, name, tag="small")] == [f"{name}-1"]
    assert await entries(api, name, tag="none") == []


async def test_a_state_lists_the_checks_of_all(api: Api, name: str) -> None:
    await api.register(name, Check={"TTL": "1h", "Status": "warning"})
    await api.until_catalogued(name)
    for state, listed in (("warning", True), ("any", True), ("passing", False), ("bogus", False)):
        checks = (await api.get(f"/v1/health/state/{state}")).json
        assert (f"service:{name}" in {check["CheckID"] for check in checks}) is listed


async def test_a_node_has_the_checks_of_its_services_and_its_own(api: Api, name: str) -> None:
    await api.register(name, Check={"TTL": "1h"})
    await api.until_catalogued(name)
    checks = (await api.get(f"/v1/health/node/{await api.node()}")).json
    assert {f"service:{name}", "serfHealth"} <= {check["CheckID"] for check in checks}
    assert (await api.get(f"/v1/health/node/{name}")).json == []


async def test_maintenance_is_a_critical_check_of_the_service(api: Api, name: str) -> None:
    await api.register(name, Check={"TTL": "1h", "Status": "passing"})
    await api.done(f"/v1/agent/service/maintenance/{name}", enable="true", reason="moving")
    check = (await api.get("/v1/agent/checks")).json[f"_service_maintenance:{name}"]
    assert set(check) == CHECK_KEYS
    assert (check["Status"], check["Notes"], check["Output"]) == ("critical", "moving", "")
    assert (check["Name"], check["Type"], check["ServiceID"]) == ("Service Maintenance Mode", "maintenance", name)
    await api.done(f"/v1/agent/service/maintenance/{name}", enable="true", reason="another")
    assert (await api.get("/v1/agent/checks")).json[f"_service_maintenance:{name}"]["Notes"] == "moving"
    for _ in range(2):
        await api.done(f"/v1/agent/service/maintenance/{name}", enable="false")
        assert f"_service_maintenance:{name}" not in (await api.get("/v1/agent/checks")).json


async def test_maintenance_survives_a_registration_unless_checks_are_replaced(api: Api, name: str) -> None:
    await api.register(name)
    await api.done(f"/v1/agent/service/maintenance/{name}", enable="true")
    await api.register(name, Port=1)
    check = (await api.get("/v1/agent/checks")).json[f"_service_maintenance:{name}"]
    said = "Maintenance mode is enabled for this service, but no reason was provided. This is a default message."
    assert check["Notes"] == said
    body = {"ID": name, "Name": name, "Port": 1}
    await api.done("/v1/agent/service/register", body, **{"replace-existing-checks": "true"})
    assert f"_service_maintenance:{name}" not in (await api.get("/v1/agent/checks")).json


async def test_maintenance_of_the_node_is_a_check_of_its_own(api: Api) -> None:
    await api.done("/v1/agent/maintenance", enable="true")
    try:
        check = (await api.get("/v1/agent/checks")).json["_node_maintenance"]
        said = "Maintenance mode is enabled for this node, but no reason was provided. This is a default message."
        assert (check["Name"], check["Status"], check["Notes"]) == ("Node Maintenance Mode", "critical", said)
        assert (check["ServiceID"], check["ServiceName"], check["Type"]) == ("", "", "maintenance")
    finally:
        await api.done("/v1/agent/maintenance", enable="false")
    assert "_node_maintenance" not in (await api.get("/v1/agent/checks")).json


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({}, "Missing value for enable"),
        ({"enable": ""}, 'Invalid value for enable: ""'),
        ({"enable": "x"}, 'Invalid value for enable: "x"'),
    ],
)
async def test_maintenance_must_say_on_or_off(api: Api, name: str, options: dict[str, str], problem: str) -> None:
    for path in (f"/v1/agent/service/maintenance/{name}", "/v1/agent/maintenance"):
        answer = await api.put(path, **options)
        assert (answer.status, answer.text) == (400, problem)


@pytest.mark.parametrize(("status", "code"), [("passing", 200), ("warning", 429), ("critical", 503)])
async def test_an_agent_sums_up_the_health_of_an_instance(api: Api, name: str, status: str, code: int) -> None:
    await api.register(name, Check={"TTL": "1h", "Status": status})
    for path in (f"id/{name}", f"name/{name}"):
        answer = await api.get(f"/v1/agent/health/service/{path}")
        assert (answer.status, answer.header("X-Consul-Reason")) == (code, status)
        text = await api.get(f"/v1/agent/health/service/{path}", format="text")
        assert (text.status, text.text) == (code, status)
    summary = (await api.get(f"/v1/agent/health/service/id/{name}")).json
    assert (await api.get(f"/v1/agent/health/service/name/{name}")).json == [summary]
    assert set(summary) == {"AggregatedStatus", "Service", "Checks"}
    assert (summary["AggregatedStatus"], summary["Service"]["ID"]) == (status, name)
    assert [check["CheckID"] for check in summary["Checks"]] == [f"service:{name}"]
    assert set(summary["Checks"][0]) == CHECK_KEYS - {"Interval", "Timeout"}


async def test_an_agent_tells_maintenance_from_ill_health(api: Api, name: str) -> None:
    await api.register(name)
    await api.done(f"/v1/agent/service/maintenance/{name}", enable="true")
    answer = await api.get(f"/v1/agent/health/service/id/{name}")
    assert (answer.status, answer.json["AggregatedStatus"]) == (503, "maintenance")


async def test_an_agent_has_no_health_for_whom_it_does_not_know(api: Api, name: str) -> None:
    by_id = await api.get(f"/v1/agent/health/service/id/{name}")
    assert (by_id.status, by_id.header("X-Consul-Reason")) == (404, f"ServiceId {name} not found")
    assert by_id.json == {"AggregatedStatus": "critical", "Service": None, "Checks": None}
    by_name = await api.get(f"/v1/agent/health/service/name/{name}")
    assert (by_name.status, by_name.json) == (404, [])
    assert by_name.header("X-Consul-Reason") == f"ServiceName {name} Not Found"
