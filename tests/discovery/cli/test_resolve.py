"""`mesh resolve`."""

from __future__ import annotations

import json

import pytest

from tests.contract.api import Api
from tests.discovery.cli.conftest import Mesh
from tests.discovery.cli.lying import Liar, Lie


async def register(agent: Api, number: int, status: str, *, weight: int = 1, warning: int = 1) -> None:
    check = {"CheckID": f"service:ports-{number}", "TTL": "60s", "Status": status}
    await agent.register(
        "ports",
        ID=f"ports-{number}",
        Address="127.0.0.1",
        Port=4000 + number,
        Weights={"Passing": weight, "Warning": warning},
        Check=check,
    )


async def test_those_who_may_be_chosen_have_a_share_and_the_others_a_reason(agent: Api, mesh: Mesh) -> None:
    await register(agent, 1, "passing", weight=3)
    await register(agent, 2, "warning", warning=1)
    await register(agent, 3, "passing")
    await agent.done("/v1/agent/check/fail/service:ports-3", note="connection refused")
    await register(agent, 4, "passing")
    await agent.done("/v1/agent/service/maintenance/ports-4", enable="true", reason="new disk")
    await register(agent, 5, "warning", warning=0)
    await agent.register("ports", ID="ports-6", Address="no where", Port=4006)

    said = await mesh("resolve", "ports")

    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines() == [
        "ports: 2 of 6 may be chosen",
        "  ports-1  127.0.0.1:4001  passing   75 % of the calls (weight 3)",
        "  ports-2  127.0.0.1:4002  warning   25 % of the calls (weight 1)",
        "  ports-3  127.0.0.1:4003  critical  not chosen: connection refused",
        "  ports-4  127.0.0.1:4004  maintenance  not chosen: it was taken out of service",
        "  ports-5  127.0.0.1:4005  warning   not chosen: its weight is 0 while warning",
        "  ports-6  no where:4006  passing   not chosen: its registered address cannot be called",
    ]
    document = (await mesh("resolve", "ports", "--json")).json
    assert [(each["id"], each["share"]) for each in document["eligible"]] == [("ports-1", 0.75), ("ports-2", 0.25)]
    assert [each["id"] for each in document["excluded"]] == ["ports-3", "ports-4", "ports-5", "ports-6"]
    assert document["crowd"] is False


async def test_nobody_is_a_failure_and_a_crowd_is_explained(agent: Api, mesh: Mesh) -> None:
    for number in (1, 2):
        await register(agent, number, "critical")

    said = await mesh("resolve", "ports")

    assert said.code == 1
    assert "ports: 0 of 2 may be chosen" in said.out
    assert "Half or more are critical." in said.out
    assert (await mesh("resolve", "ports", "--json")).json["crowd"] is True


async def test_a_service_that_does_not_exist_is_said_with_those_that_do(agent: Api, mesh: Mesh) -> None:
    said = await mesh("resolve", "port")

    assert said.code == 1
    assert said.err == "mesh: no service 'port' is registered; known services: consul\n"


async def test_an_empty_answer_that_may_be_wrong_is_called_so(liar: Liar, mesh: Mesh) -> None:
    headers = {"X-Consul-Index": "1", "X-Consul-KnownLeader": "false"}
    liar.lies["/v1/health/service/ports"] = Lie(b"[]", headers=headers)

    said = await mesh("resolve", "ports")

    assert said.code == 1
    assert said.err == "mesh: that may be wrong: the registry knows no leader; mesh doctor says what to do\n"


async def test_another_datacenter_is_asked_for(liar: Liar, mesh: Mesh) -> None:
    liar.lies["/v1/health/service/ports"] = Lie(json.dumps([]).encode(), headers={"X-Consul-Index": "1"})

    assert (await mesh("resolve", "ports", "--dc", "east")).code == 1
    assert liar.asked == ["/v1/health/service/ports?dc=east"]


@pytest.mark.parametrize("name", ["", "..", "a/../b", "\x1b[31m"])
async def test_what_the_registry_cannot_be_asked_for_is_no_service(mesh: Mesh, name: str) -> None:
    said = await mesh("resolve", "--", name)

    assert said.code == 2
    assert "is not the name of a service" in said.err
    assert "\x1b" not in said.err
