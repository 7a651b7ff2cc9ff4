"""The cluster as a whole: what keeps strangers out of it, and what happens when its leader dies."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

import pytest

import discovery
from tests.consul.cluster import SERVERS, Cluster, Node, guest, run
from tests.consul.members import Member, lacking, member
from tests.contract.api import PATIENCE_S, Api

pytestmark = pytest.mark.consul

_INTRUDER = "consul-server-4"
_CLOCK = discovery.Surroundings().clock
_LOOK_EVERY_S = 0.1
_CALL_EVERY_S = 0.02
# All members are asked at once, for a while; who is too busy to answer within it is missing.
_QUESTIONS = 10


@pytest.fixture
def foreign(cluster: Cluster, tmp_path: Path) -> Path:
    """The secrets of another cluster."""
    made = run("make-secrets", tmp_path / "foreign", program=cluster.program)
    assert made.returncode == 0, made.stderr
    return tmp_path / "foreign"


def certificate(secrets: Path | None) -> dict[str, Any]:
    """The settings for the certificate that is among *secrets*, or for none."""
    names = {"ca_file": "consul-ca", "cert_file": "consul-server", "key_file": "consul-server-key"}
    if secrets is None:
        return {"tls": {"defaults": {"cert_file": "", "key_file": ""}}}
    return {"tls": {"defaults": {setting: str(secrets / f"{name}.pem") for setting, name in names.items()}}}


def test_all_agents_encrypt_gossip_with_the_one_key(cluster: Cluster) -> None:
    key = json.loads((cluster.secrets / "consul-server.json").read_text())["encrypt"]
    everybody = [(key, "3", "3"), (key, "4", "4")]  # in the WAN, and in the LAN
    said = None
    for _ in range(_QUESTIONS):
        said = cluster.consul("keyring", "-list")
        if re.findall(r"(\S+) \[(\d+)/(\d+)\]", said.stdout) == everybody:
            return
    pytest.fail(f"not everybody has the one key, or answers: {said}")


def test_who_has_another_gossip_key_is_not_even_heard(cluster: Cluster, foreign: Path) -> None:
    other = json.loads((foreign / "consul-server.json").read_text())["encrypt"]
    with guest(cluster, _INTRUDER, {"encrypt": other}) as node:
        node.until_it_says("No installed keys could decrypt the message")
        assert _INTRUDER not in cluster.consul("members").stdout


def test_a_server_without_a_certificate_does_not_start(cluster: Cluster) -> None:
    with guest(cluster, _INTRUDER, certificate(None)) as node:
        node.until_it_says("requires either a Cert and Key pair")
        assert node.process is not None
        assert node.process.wait(PATIENCE_S) != 0


def test_a_server_with_a_certificate_of_another_authority_is_told_nothing(cluster: Cluster, foreign: Path) -> None:
    # Who knows the gossip key is seen, but every conversation ends at the certificate: no vote, and not one entry.
    with guest(cluster, _INTRUDER, certificate(foreign)) as node:
        node.until_it_says("certificate signed by unknown authority")
        peers = cluster.consul("operator", "raft", "list-peers").stdout
        assert {line.split()[0] for line in peers.splitlines() if " true " in line} == set(SERVERS)
        assert re.search(rf"{_INTRUDER} .* false +\d+ +0 ", peers) or _INTRUDER not in peers, peers


def test_what_looks_into_requests_can_be_configured_since_services_are_known_to_speak_http(cluster: Cluster) -> None:
    router = cluster.folder / "router.hcl"
    router.write_text('Kind = "service-router"\nName = "ports"\nRoutes = []\n')
    assert cluster.consul("config", "write", router).returncode == 0
    refused = cluster.consul("config", "delete", "-kind=proxy-defaults", "-name=global")
    assert "protocol" in refused.stderr, "the router needs it"
    assert cluster.consul("config", "delete", "-kind=service-router", "-name=ports").returncode == 0


async def test_when_the_leader_is_killed_calls_go_on_and_registrations_too(
    cluster: Cluster, manager: Api, tmp_path: Path
) -> None:
    def serve(name: str, folder: str) -> AbstractAsyncContextManager[Member]:
        (tmp_path / folder).mkdir()
        return member(name, cluster.agent.url, cluster.secrets / f"{name}.token", tmp_path / folder, manager)

    async with serve("ports", "ports") as ports, serve("laptops", "laptops") as laptops:
        assert await lacking(ports, {"registers"}) == set()
        assert await lacking(laptops, {"calls ports"}) == set()
        async with calling(laptops) as answers:
            leader = await the_leader(cluster, manager)
            leader.kill()
            async with serve("ports", "more-ports") as more:
                assert await lacking(more, {"registers", "sees itself"}) == set()
                assert await the_leader(cluster, manager) is not leader
                leader.start()
                await until_healthy(manager)
    assert answers
    assert answers.count(False) == 0


@asynccontextmanager
async def calling(laptops: Member) -> AsyncIterator[list[bool]]:
    """Ask for a laptop again and again: whether each answer had the ports, which come from the other service."""
    answers: list[bool] = []

    async def call() -> NoReturn:
        while True:
            status, text = await laptops.get("/laptops/1")
            answers.append(status == 200 and '"notice":null' in text)
            await _CLOCK.sleep(_CALL_EVERY_S)

    task = asyncio.create_task(call())
    yield answers
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def the_leader(cluster: Cluster, manager: Api) -> Node:
    """The server that leads, once the agent knows which."""
    servers = {f'"{server.rpc}"': server for server in cluster.servers}
    async with asyncio.timeout(PATIENCE_S):
        while (said := (await manager.get("/v1/status/leader")).text) not in servers:
            await _CLOCK.sleep(_LOOK_EVERY_S)
    return servers[said]


async def until_healthy(manager: Api) -> None:
    """Wait until all three servers are there, and know as much as their leader."""
    async with asyncio.timeout(2 * PATIENCE_S):
        while (await manager.get("/v1/operator/autopilot/health")).status != 200:
            await _CLOCK.sleep(_LOOK_EVERY_S)
