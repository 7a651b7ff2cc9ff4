"""`mesh ps`."""

from __future__ import annotations

import json

import pytest

from tests.contract.api import Api
from tests.discovery.cli.conftest import Mesh
from tests.discovery.cli.lying import Liar, Lie

HOSTILE = "\x1b[31mred\nsecond line \u202eturned\x9b2J" + "x" * 10_000


async def register(agent: Api) -> None:
    for number in (1, 2):
        await agent.register(
            "ports",
            ID=f"ports-{number}",
            Address="127.0.0.1",
            Port=4000 + number,
            Meta={"version": "0.1.0"},
            Weights={"Passing": number, "Warning": 1},
            Check={"CheckID": f"service:ports-{number}", "TTL": "60s", "Status": "passing"},
        )


async def test_services_are_listed_with_their_instances(agent: Api, mesh: Mesh) -> None:
    await register(agent)
    await agent.done("/v1/agent/check/fail/service:ports-2", note="connection\nrefused")

    said = await mesh("ps")

    assert (said.code, said.err) == (0, "")
    head, _, first, second = said.out.splitlines()  # the agent itself comes before them
    assert head.split() == ["service", "instance", "address", "health", "weight", "version", "node", "output"]
    assert first.split() == ["ports", "ports-1", "127.0.0.1:4001", "passing", "1", "0.1.0", "devagent"]
    assert second.split() == [
        *("ports-2", "127.0.0.1:4002", "critical", "2", "0.1.0", "devagent"),
        *("connection", "refused"),
    ]


async def test_json_has_all_that_is_known(agent: Api, mesh: Mesh) -> None:
    await register(agent)

    said = await mesh("ps", "ports", "--json")

    assert said.code == 0
    assert (said.json["missing"], said.json["doubt"]) == ([], "")
    [service] = said.json["services"]
    first = service["instances"][0]
    assert (service["name"], len(service["instances"])) == ("ports", 2)
    assert (first["id"], first["address"], first["health"], first["weight"]) == (
        "ports-1",
        "127.0.0.1:4001",
        "passing",
        1,
    )
    assert {check["id"] for check in first["checks"]} == {"serfHealth", "service:ports-1"}


async def test_a_service_that_is_not_there_is_said_with_those_that_are(agent: Api, mesh: Mesh) -> None:
    await register(agent)

    said = await mesh("ps", "port", "ports")

    assert said.code == 1
    assert "ports-1" in said.out
    assert said.err == "mesh: no service 'port' is registered; known services: consul, ports\n"
    assert (await mesh("ps", "port", "--json")).json["missing"] == ["port"]


async def test_an_instance_in_maintenance_is_shown_so(agent: Api, mesh: Mesh) -> None:
    await register(agent)
    await agent.done("/v1/agent/service/maintenance/ports-1", enable="true", reason="new disk")

    said = await mesh("ps", "ports")

    assert said.out.splitlines()[1].split()[2:4] == ["127.0.0.1:4001", "maintenance"]


async def test_nobody_at_all_is_said(liar: Liar, mesh: Mesh) -> None:
    liar.lies["/v1/catalog/services"] = Lie(b"{}", headers={"X-Consul-Index": "1"})

    said = await mesh("ps")

    assert (said.code, said.out) == (0, "")
    assert "nobody is registered" in said.err


async def test_an_anonymous_reader_where_denial_is_the_default_is_told(liar: Liar, mesh: Mesh) -> None:
    headers = {"X-Consul-Index": "1", "X-Consul-Default-Acl-Policy": "deny"}
    liar.lies["/v1/catalog/services"] = Lie(b"{}", headers=headers)

    said = await mesh("ps")

    assert "a registry that denies by default shows nothing; mesh doctor" in said.err


async def test_what_strangers_wrote_cannot_leave_its_line_or_its_cell(liar: Liar, mesh: Mesh) -> None:
    row = {
        "Node": {"Node": HOSTILE},
        "Service": {"ID": HOSTILE, "Service": HOSTILE, "Address": HOSTILE, "Port": 1, "Meta": {"version": HOSTILE}},
        "Checks": [{"CheckID": HOSTILE, "Name": HOSTILE, "Status": "critical", "Output": HOSTILE}],
    }
    index = {"X-Consul-Index": "1"}
    liar.lies["/v1/catalog/services"] = Lie(json.dumps({"bad": []}).encode(), headers=index)
    liar.lies["/v1/health/service/bad"] = Lie(json.dumps([row]).encode(), headers=index)

    for words in (["ps"], ["ps", "--json"], ["resolve", "bad"], ["resolve", "bad", "--json"], ["ps", HOSTILE]):
        said = await mesh(*words)
        assert said.out.isascii() or not set(said.out) & set("\x1b\x9b\u202e")
        assert not set(said.out + said.err) & set("\x1b\x9b\u202e\x7f")
        assert len(said.err) < 1000
    assert len((await mesh("ps")).out.splitlines()) == 2


@pytest.mark.parametrize("name", ["a b", "x/../../agent/self", "ü"])
async def test_a_name_that_would_be_another_path_is_only_a_name(agent: Api, mesh: Mesh, name: str) -> None:
    said = await mesh("ps", name)

    assert said.code == 1
    assert "is registered; known services: consul" in said.err
