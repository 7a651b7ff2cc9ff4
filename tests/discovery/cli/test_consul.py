"""The reader of commands: each way in which an agent fails to answer has its own sentence, and none holds the token."""

from __future__ import annotations

import asyncio
import re

import pytest

from discovery.cli.away import Away
from discovery.cli.consul import LIMIT_S, Consul
from discovery.config import MeshConfig
from discovery.devagent import Devagent
from discovery.errors import RegistryError, RegistryRejected, RegistryUnavailable
from discovery.testing.servers import (
    Behaviour,
    answers_garbage,
    closes_idle,
    drips,
    hangs_up,
    misbehaving,
    never_answers,
    refusing,
    resets,
)
from tests.discovery.cli.conftest import Mesh
from tests.discovery.cli.lying import Liar, Lie

SECRET = "a-very-secret-token"


def reader(url: str, token: str = "", limit_s: float = LIMIT_S) -> Consul:
    return Consul(MeshConfig(name="tests", consul_url=url, consul_token=token), limit_s=limit_s)


@pytest.mark.parametrize(
    ("behaviour", "kind"),
    [
        (resets, "broken"),
        (hangs_up, "broken"),
        (answers_garbage, "broken"),
        (drips, "silent"),
        (never_answers, "silent"),
    ],
)
async def test_a_server_that_does_not_answer_is_told_by_its_kind(behaviour: Behaviour, kind: str) -> None:
    async with misbehaving(behaviour) as server:
        consul = reader(f"http://{server.address}", SECRET, limit_s=0.3)
        with pytest.raises(Away, match=f"Consul at http://{server.address}") as caught:
            await asyncio.to_thread(consul.names)

    assert caught.value.kind == kind
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_port_where_nobody_listens_is_refused() -> None:
    with refusing() as address, pytest.raises(Away, match=r"cannot be reached \(Connection refused\)") as caught:
        reader(f"http://{address}").names()

    assert caught.value.kind == "refused"


def test_a_host_without_an_address_is_told_as_such() -> None:
    with pytest.raises(Away, match="has no address") as caught:
        reader("http://nowhere.invalid:8500").names()

    assert caught.value.kind == "name"


async def test_https_where_http_is_spoken_is_told_as_such() -> None:
    async with Devagent() as agent:
        consul = reader(agent.url.replace("http:", "https:"))
        with pytest.raises(Away, match="is it http:// after all") as caught:
            await asyncio.to_thread(consul.names)

    assert caught.value.kind == "tls"


async def test_a_kept_connection_that_was_closed_meanwhile_is_opened_again() -> None:
    async with misbehaving(closes_idle()) as server:
        with reader(f"http://{server.address}") as consul:
            for _ in range(3):
                assert (await asyncio.to_thread(consul.ask, "/v1/status/leader")).body == b"ok"


async def test_one_connection_serves_all_reads() -> None:
    async with misbehaving(closes_idle(10.0)) as server:
        with reader(f"http://{server.address}") as consul:
            for _ in range(3):
                await asyncio.to_thread(consul.ask, "/")

    assert server.connections == 1


def test_a_path_before_the_api_is_kept_and_a_password_is_sent_but_not_shown(liar: Liar) -> None:
    liar.lies["/behind/v1/catalog/services"] = Lie(b"{}", headers={"X-Consul-Index": "1"})
    with reader(liar.url.replace("http://", "http://user:geheim@") + "/behind") as consul:
        assert consul.names()[0].services == {}
        assert "geheim" not in consul.who
    assert liar.logins == {"Basic dXNlcjpnZWhlaW0="}, "as the library does"


def test_a_refusal_names_the_line_that_the_policy_lacks(liar: Liar) -> None:
    words = b"Permission denied: token with AccessorID '1' lacks permission 'service:read' on \"ports\""
    liar.lies["/v1/health/service/ports"] = Lie(words, 403)

    rule = re.escape('service "ports" { policy = "read" }')
    with reader(liar.url, SECRET) as consul, pytest.raises(RegistryRejected, match=rule):
        consul.instances("ports")
    assert liar.tokens == {SECRET}


def test_a_refusal_names_the_service_as_it_is_called(liar: Liar) -> None:
    liar.lies["/v1/health/service/our%2Fown%20ports"] = Lie(b"Permission denied", 403)

    rule = re.escape('service "our/own ports" { policy = "read" }')
    with reader(liar.url, SECRET) as consul, pytest.raises(RegistryRejected, match=rule):
        consul.instances("our/own ports")


@pytest.mark.parametrize(
    ("lie", "error"),
    [
        (Lie(b"No cluster leader", 500), RegistryUnavailable),
        (Lie(b"<html>", headers={"X-Consul-Index": "1"}), RegistryUnavailable),
        (Lie(b"[]"), RegistryUnavailable),
        (Lie(b"what?", 404), RegistryRejected),
        (Lie(f"\x1b[31m {SECRET}".encode(), 400), RegistryRejected),
        (Lie(b"", 301, {"Location": "http://elsewhere/"}), RegistryRejected),
    ],
    ids=["unwell", "not JSON", "no index", "not Consul", "hostile", "redirect"],
)
def test_an_answer_that_makes_no_sense_is_an_error_of_the_registry(
    liar: Liar, lie: Lie, error: type[RegistryError]
) -> None:
    liar.lies["/v1/health/service/ports"] = lie

    with reader(liar.url, SECRET) as consul, pytest.raises(error) as caught:
        consul.instances("ports")
    assert "\x1b" not in str(caught.value)
    assert SECRET not in str(caught.value)


async def test_every_reading_command_says_in_one_line_that_consul_is_away(mesh: Mesh) -> None:
    with refusing() as address:
        for words in (["ps"], ["resolve", "ports"], ["watch", "ports"]):
            said = await mesh(*words, "--consul", address)
            assert (said.code, said.out, said.err.count("\n")) == (2, "", 1)
            assert f"Consul at http://{address} cannot be reached" in said.err


@pytest.mark.parametrize("address", ["127.0.0.1:x", "ftp://here", "http://", "\x1b[31m"])
async def test_an_address_that_makes_no_sense_is_refused(mesh: Mesh, address: str) -> None:
    said = await mesh("ps", "--consul", address)

    assert said.code == 2
    assert "--consul" in said.err
    assert "\x1b" not in said.err


async def test_a_token_comes_from_the_environment_or_a_file(
    liar: Liar, mesh: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    liar.lies["/v1/catalog/services"] = Lie(b"{}", headers={"X-Consul-Index": "1"})
    monkeypatch.setenv("CONSUL_HTTP_TOKEN", "of-the-environment")
    assert (await mesh("ps")).code == 0
    monkeypatch.delenv("CONSUL_HTTP_TOKEN")
    monkeypatch.setenv("CONSUL_HTTP_TOKEN_FILE", "/nowhere")
    said = await mesh("ps")

    assert liar.tokens == {"of-the-environment"}
    assert said.code == 2
    assert "CONSUL_HTTP_TOKEN_FILE" in said.err
