"""Entering policies and tokens: once, again, for a token that was replaced, and where it cannot be done."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from launcher.local.consul_choice import free_ports
from tests.consul.cluster import Cluster, run
from tests.contract.api import Api

pytestmark = pytest.mark.consul

RULES = '# Nothing worth mentioning.\nkey "nothing" { policy = "read" }\n'


class Setup:
    """A folder with one policy, which nobody else has, and one with its token and the management token."""

    def __init__(self, cluster: Cluster, path: Path) -> None:
        self._cluster = cluster
        self.name = f"probe-{uuid4().hex[:8]}"
        self.secrets = path
        self.management, self.token = path / "management.token", path / f"{self.name}.token"
        self.folder = path / "folder"
        self.policy = self.folder / "policies" / f"{self.name}.hcl"
        self.policy.parent.mkdir(parents=True)
        self.policy.write_text(RULES)
        (self.folder / "entries").symlink_to(Path(__file__).parents[2] / "consul" / "entries")
        self.management.write_text(cluster.token("management"))
        self.token.write_text(str(uuid4()))

    def apply(self, address: str = "", patience_s: int = 20) -> subprocess.CompletedProcess[str]:
        where = {"CONSUL_HTTP_ADDR": address or self._cluster.agent.url, "PATIENCE_S": str(patience_s)}
        done = run("apply-policies", self.folder, self.secrets, program=self._cluster.program, **where)
        said = done.stdout + done.stderr
        assert not [path for path in (self.management, self.token) if path.read_text() and path.read_text() in said]
        return done

    async def entered(self, manager: Api) -> Any:
        """The policy, its tokens, and the config entry: all with the index of the last change."""
        policy = (await manager.get(f"/v1/acl/policy/name/{self.name}")).json
        tokens = (await manager.get("/v1/acl/tokens", policy=policy["ID"])).json
        return policy, tokens, (await manager.get("/v1/config/proxy-defaults/global")).json


@pytest.fixture
def setup(cluster: Cluster, tmp_path: Path) -> Setup:
    return Setup(cluster, tmp_path)


async def test_a_policy_becomes_a_token_and_a_second_run_changes_nothing(setup: Setup, manager: Api) -> None:
    first = setup.apply()
    assert first.returncode == 0
    assert f"policy {setup.name} was made" in first.stdout
    assert f"the token of {setup.name} was made" in first.stdout
    before = policy, tokens, entry = await setup.entered(manager)
    assert policy["Rules"].strip() == RULES.strip()
    assert [token["SecretID"] for token in tokens] == [setup.token.read_text()]
    assert [each["Name"] for each in tokens[0]["Policies"]] == [setup.name]
    assert entry["Config"] == {"protocol": "http"}

    second = setup.apply()
    assert second.returncode == 0
    assert second.stdout.count("\n") == 1, "only that all is as it should be"
    assert await setup.entered(manager) == before


async def test_what_was_changed_by_hand_is_put_right(setup: Setup, manager: Api) -> None:
    setup.apply()
    policy, (token,), _ = await setup.entered(manager)
    await manager.done(f"/v1/acl/policy/{policy['ID']}", {"Name": setup.name, "Rules": 'operator = "write"'})
    await manager.done(f"/v1/acl/token/{token['AccessorID']}", {"Policies": [{"Name": "gateway"}]})
    done = setup.apply()
    assert done.returncode == 0
    assert f"policy {setup.name} was changed" in done.stdout
    assert f"the token of {setup.name} was changed" in done.stdout
    mended, (again,), _ = await setup.entered(manager)
    assert mended["Rules"] == policy["Rules"]
    assert again["AccessorID"] == token["AccessorID"]
    assert [each["Name"] for each in again["Policies"]] == [setup.name]


async def test_a_token_that_was_replaced_is_entered_and_the_older_one_is_named(setup: Setup, manager: Api) -> None:
    setup.apply()
    _, (older,), _ = await setup.entered(manager)
    setup.token.write_text(str(uuid4()))
    done = setup.apply()
    assert done.returncode == 0
    assert f"the token of {setup.name} was made" in done.stdout
    assert f"an older token of {setup.name} is still good" in done.stdout
    assert f"acl token delete -accessor-id={older['AccessorID']}" in done.stdout
    assert (await manager.ask("DELETE", f"/v1/acl/token/{older['AccessorID']}")).status == 200
    assert setup.apply().stdout.count("\n") == 1


def test_a_management_token_of_another_cluster_is_told_from_a_missing_leader(setup: Setup) -> None:
    setup.management.write_text(str(uuid4()))
    done = setup.apply()
    assert done.returncode == 1
    assert f"does not take the token in {setup.management}" in done.stderr
    assert "403" in done.stderr


def test_who_may_not_enter_policies_is_told_so(setup: Setup, cluster: Cluster) -> None:
    setup.management.write_text(cluster.token("laptops"))
    done = setup.apply()
    assert done.returncode == 1
    assert f"cannot make policy {setup.name}" in done.stderr
    assert "acl:write" in done.stderr


def test_rules_that_make_no_sense_are_refused_with_consuls_words(setup: Setup) -> None:
    setup.policy.write_text('service "ports" { policy = "own" }\n')
    done = setup.apply()
    assert done.returncode == 1
    assert f"cannot make policy {setup.name}" in done.stderr
    assert "Invalid service policy" in done.stderr


def test_nobody_there_is_waited_for_within_bounds(setup: Setup) -> None:
    address = f"127.0.0.1:{free_ports(1)[0]}"
    done = setup.apply(address, patience_s=1)
    assert done.returncode == 1
    assert f"there is no leader at {address}, or nobody" in done.stderr


def test_a_server_without_a_leader_is_waited_for_within_bounds(setup: Setup, cluster: Cluster) -> None:
    # With a gossip key of its own it is alone, and waits for two others.
    alone = {"encrypt": "c2l4dGVlbiBieXRlcyAuLi5zaXh0ZWVuIGJ5dGVzLi4=", "performance": {"rpc_hold_timeout": "50ms"}}
    node = cluster.another("consul-server-alone", alone)
    node.start()
    try:
        node.until_it_says("protocol=http")
        done = setup.apply(node.url, patience_s=1)
    finally:
        node.kill()
    assert done.returncode == 1
    assert "No cluster leader" in done.stderr


@pytest.mark.parametrize("which", ["management", "token"])
def test_a_missing_token_is_named_before_anything_is_done(which: str, setup: Setup) -> None:
    file: Path = getattr(setup, which)
    file.write_text("")
    done = setup.apply("127.0.0.1:1")
    assert done.returncode == 1
    assert f"there is no token in {file}: make them with consul/make-secrets" in done.stderr


def test_what_compose_starts_is_idempotent_as_a_whole(cluster: Cluster) -> None:
    again = cluster.apply()
    assert again.returncode == 0
    assert again.stdout.count("\n") == 1
    written = cluster.consul("config", "read", "-kind=proxy-defaults", "-name=global").stdout
    assert json.loads(written)["Config"] == {"protocol": "http"}
