"""`mesh doctor` as its user meets it: against the embedded agent, a liar, and a real Consul that denies by default."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp.test_utils import unused_port

import observability
from discovery.testing.consul import running_consul
from discovery.testing.servers import answers_garbage, misbehaving, refusing
from tests.contract.agents import consul_program
from tests.contract.api import Api
from tests.discovery.cli.conftest import Mesh, Said
from tests.discovery.cli.lying import Liar, Lie

ROOT_TOKEN = "8b6a7a43-6d0f-4a0b-9d4c-6d1a3a1f0c11"


def found(said: Said) -> dict[str, str]:
    """The findings of a run, each with how bad it is."""
    return {each["id"]: each["status"] for each in said.json["findings"]}


async def test_where_all_is_well_every_check_says_so(agent: Api, mesh: Mesh) -> None:
    async with misbehaving(answers_garbage) as server:
        await agent.register("ports", Address="127.0.0.1", Port=int(server.address.rpartition(":")[2]))
        said = await mesh("doctor")

    assert said.code == 0, said.out
    *lines, last = said.out.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["✓", "settings"],
        ["✓", "names"],
        ["✓", "consul"],
        ["✓", "acl-agent"],
        ["✓", "acl-services"],
        ["✓", "acl-settings"],
        ["✓", "clock"],
        ["✓", "instances"],
        ["✓", "connections"],
        ["✓", "catalogue"],
        ["✓", "collector"],
    ]
    assert last == "0 problems, 0 warnings"


async def test_a_problem_has_its_advice_below_it_and_the_exit_code(agent: Api, mesh: Mesh) -> None:
    with refusing() as address:
        await agent.register("ports", Address="127.0.0.1", Port=int(address.rpartition(":")[2]))
        said = await mesh("doctor")

    assert said.code == 1
    lines = said.out.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("✗ address-unreachable"))
    assert lines[at].endswith("is passing, and cannot be reached from here (Connection refused)")
    assert lines[at + 1].startswith("  → ")
    assert lines[-1] == "1 problem, 0 warnings"


async def test_without_consul_the_rest_is_still_looked_at(mesh: Mesh) -> None:
    with refusing() as address:
        said = await mesh("doctor", "--consul", address, "--json")

    assert said.code == 1
    assert found(said) == {"settings": "ok", "names": "ok", "consul-refused": "problem", "collector": "ok"}
    assert (said.json["problems"], said.json["warnings"]) == (1, 0)


async def test_something_else_than_consul_is_recognised(mesh: Mesh) -> None:
    async with misbehaving(answers_garbage) as server:
        said = await mesh("doctor", "--consul", server.address, "--json")

    assert found(said)["consul-broken"] == "problem"


async def test_settings_that_make_no_sense_do_not_stop_the_rest(mesh: Mesh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSUL_HTTP_ADDR", "nonsense:x")

    said = await mesh("doctor", "--json")

    assert found(said) == {"settings": "problem", "names": "ok", "collector": "ok"}


async def test_the_words_of_a_liar_are_shown_harmless(liar: Liar, mesh: Mesh) -> None:
    index = {"X-Consul-Index": "1", "Date": "\u0080\u009b2J"}
    words = "\x1b[31m\n\u202e"
    place = {"ID": words, "Service": "x", "Address": "0.0.0.0", "Port": 1}
    hostile = json.dumps([{"Node": {"Node": words}, "Service": place}]).encode()
    liar.lies = {
        "/v1/status/leader": Lie(b'"\\u001b[2J"'),
        "/v1/agent/self": Lie(b'{"Config": {"NodeName": "\\u001b"}}', headers=index),
        "/v1/catalog/services": Lie(b'{"x": []}', headers=index),
        "/v1/health/service/x": Lie(hostile, headers=index),
        "/v1/kv/mesh/": Lie(b"\x1b[31m", 500),
    }

    said = await mesh("doctor")

    assert said.code == 1
    assert "address-unspecified" in said.out
    assert not set(said.out + said.err) & set("\x1b\u009b\u202e")


async def test_a_collector_that_works_is_told_from_one_that_is_away(
    agent: Api, mesh: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with observability.Receiver() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint)
        assert found(await mesh("doctor", "--json"))["collector"] == "ok"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{unused_port()}")
    said = await mesh("doctor", "--json")

    assert (said.code, found(said)["collector"]) == (1, "problem")


@pytest.fixture(scope="module")
def denying(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Consul whose default is to deny."""
    folder = tmp_path_factory.mktemp("denying")
    rules = f'acl {{ enabled = true default_policy = "deny" tokens {{ initial_management = "{ROOT_TOKEN}" }} }}'
    program: Path = folder / "consul"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(str(consul_program()))} "$@" -hcl {shlex.quote(rules)}\n')
    program.chmod(0o700)
    with running_consul(program, folder) as url:
        yield url


@pytest.mark.consul
async def test_a_real_consul_that_denies_is_understood_with_and_without_a_token(
    denying: str, mesh: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    anonymous = await mesh("doctor", "--consul", denying, "--json")
    monkeypatch.setenv("CONSUL_HTTP_TOKEN", "00000000-0000-0000-0000-00000000dead")
    unknown = await mesh("doctor", "--consul", denying, "--json")
    monkeypatch.setenv("CONSUL_HTTP_TOKEN", ROOT_TOKEN)
    known = await mesh("doctor", "--consul", denying, "--json")

    assert (anonymous.code, found(anonymous)["acl-services"]) == (1, "problem")
    assert found(anonymous)["acl-agent"] == found(anonymous)["acl-settings"] == "warning"
    assert 'key_prefix "mesh/" { policy = "read" }' in anonymous.out.replace('\\"', '"')
    assert found(unknown)["acl-token"] == "problem"
    assert known.code == 0, known.out
    assert set(found(known).values()) == {"ok"}
    assert ROOT_TOKEN not in anonymous.out + unknown.out + known.out


@pytest.mark.consul
async def test_a_real_consul_refuses_a_stranger_s_reads_with_what_to_do(
    denying: str, mesh: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = await mesh("ps", "--consul", denying)
    monkeypatch.setenv("CONSUL_HTTP_TOKEN", "00000000-0000-0000-0000-00000000dead")
    refused = await mesh("ps", "--consul", denying)

    assert "a registry that denies by default shows nothing; mesh doctor says what to do" in listed.err
    assert refused.code == 2
    assert "it does not know the token; check CONSUL_HTTP_TOKEN" in refused.err


@pytest.mark.consul
async def test_a_real_consul_s_limit_of_connections_is_read(
    denying: str, mesh: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONSUL_HTTP_TOKEN", ROOT_TOKEN)

    said = await mesh("doctor", "--consul", denying)

    assert "the agent allows 4096" in said.out
