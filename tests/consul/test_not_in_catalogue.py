"""An agent that takes our entry and cannot write it to the catalogue, as a real Consul has it."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

import discovery
from discovery.advice import NOT_IN_CATALOGUE
from discovery.observer import NotInCatalogue, Registered
from discovery.runtime import registrar
from discovery.testing.observer import RecordingObserver
from launcher.local.consul_choice import free_ports
from tests.consul.cluster import Node, started
from tests.contract.agents import consul_program
from tests.contract.api import PATIENCE_S

pytestmark = pytest.mark.consul

_CLOCK = discovery.Surroundings().clock


@pytest.fixture
def double(tmp_path: Path) -> Iterator[Node]:
    """The agent of a machine that was copied together with its node's name, which another node has in the catalogue."""
    lan, server = free_ports(2)
    leader = _node(tmp_path, "server", lan, server, server=True, bootstrap_expect=1, node_name="server")
    first = _node(tmp_path, "first", lan, server, node_name="taken")
    second = _node(tmp_path, "second", lan, server, node_name="taken")
    with started(leader):
        leader.until_it_says("New leader elected")
        with started(first):
            first.until_it_says("Synced node info")
            with started(second):
                second.until_it_says("Consul agent running!")
                yield second


def _node(folder: Path, name: str, lan: int, rpc: int, **more: object) -> Node:
    http, own, wan = free_ports(3)
    mine = {"http": http, "server": rpc, "serf_lan": lan if "server" in more else own, "serf_wan": wan}
    settings = {
        "bind_addr": "127.0.0.1",
        "client_addr": "127.0.0.1",
        "data_dir": str(folder / name),
        "ports": mine | {"dns": -1, "grpc": -1, "grpc_tls": -1},
        "retry_join": [f"127.0.0.1:{lan}"],
        "retry_interval": "1s",
        "disable_update_check": True,
    }
    file = folder / f"{name}.json"
    file.write_text(json.dumps(settings | more))
    command = [str(consul_program()), "agent", f"-config-file={file}"]
    return Node(name, f"http://127.0.0.1:{http}", "", command, folder / f"{name}.log")


async def test_an_agent_whose_nodes_name_is_taken_is_told_of_with_what_its_log_says(
    double: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registrar, "_SETTLE_S", 0.5)
    observer = RecordingObserver()
    around = discovery.Surroundings(observer=observer)
    config = discovery.MeshConfig(name="hidden", consul_url=double.url, drain_s=0)
    async with discovery.serving(web.Application(), config, around=around), asyncio.timeout(PATIENCE_S):
        while not observer.told(NotInCatalogue):
            await _CLOCK.sleep(0.05)
        command = ("-m", "discovery.cli.main", "doctor", "--consul", double.url)
        doctor = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=PIPE)
        found, _ = await doctor.communicate()
    assert observer.told(Registered)[0].reason == "start"
    assert "not-in-catalogue" in found.decode()
    words = "is reserved by node"
    assert words in double.said()
    assert words in NOT_IN_CATALOGUE
