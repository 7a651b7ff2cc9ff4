"""The configuration as it stands in the files: Consul takes it without a complaint, and the parts fit together."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import aiohttp
import pytest

from launcher.plan import ROOT
from tests.consul.cluster import AGENT, CONSUL, SERVERS, files, run, running_plain
from tests.consul.members import BUILD, lacking, member
from tests.contract.agents import consul_program
from tests.contract.api import Api

PLAIN = CONSUL / "plain" / "secrets"


@pytest.mark.consul
@pytest.mark.parametrize("node", [SERVERS[0], AGENT])
@pytest.mark.parametrize("mode", ["plain", "cluster"])
def test_consul_takes_the_files_of_both_modes_without_a_complaint(mode: str, node: str, tmp_path: Path) -> None:
    secrets = PLAIN
    if mode == "cluster":
        secrets = tmp_path / "secrets"
        assert run("make-secrets", secrets, program=consul_program()).returncode == 0
    own = tmp_path / "own.json"
    own.write_text(json.dumps({"data_dir": str(tmp_path), "bind_addr": "127.0.0.1"}))
    read = [*files(node, mode, secrets), own]
    said = subprocess.run([consul_program(), "validate", *read], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    assert "deprecated" not in (said.stdout + said.stderr).lower()


@pytest.mark.consul
async def test_the_open_mode_needs_no_token(tmp_path: Path) -> None:
    with running_plain(consul_program(), tmp_path) as agent:
        async with (
            aiohttp.ClientSession(agent.url) as session,
            member("ports", agent.url, PLAIN / "ports.token", tmp_path, Api(session)) as ports,
        ):
            assert await lacking(ports, {"registers", "sees itself"}) == set()


def test_every_service_has_a_policy_and_whoever_has_one_has_a_token() -> None:
    policies = {path.stem for path in (CONSUL / "policies").iterdir()}
    assert policies == {*BUILD, "prometheus", "agent"}
    assert {path.stem for path in PLAIN.glob("*.token")} == {*policies, "management"}


def test_the_cluster_mode_is_one_file_of_settings() -> None:
    lines = (CONSUL / "cluster" / "compose.env").read_text().splitlines()
    settings = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    assert settings == {"COMPOSE_PROFILES": "cluster", "CONSUL_MODE": "cluster", "SECRETS": "./.secrets"}
    assert ".secrets/" in (ROOT / ".gitignore").read_text().splitlines(), "and what it names is never committed"


def test_no_key_is_among_the_files() -> None:
    kept = [path for path in CONSUL.rglob("*") if path.is_file()]
    assert not [path for path in kept if "PRIVATE KEY" in path.read_text()]
