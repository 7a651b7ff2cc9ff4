"""The policies line by line, and tokens that have one line less."""

from __future__ import annotations

import re

import aiohttp
import pytest

import discovery
from tests.consul.cluster import CONSUL, Cluster
from tests.contract.api import Api

POLICIES = CONSUL / "policies"
_RULE = re.compile(r'(?P<kind>\w+) "(?P<name>[^"]*)" \{ policy = "(read|write)" \}')
_LOOK_EVERY_S = 0.02


def rules(name: str) -> list[str]:
    """What a policy consists of. Anything else but comments would escape the tests, so it fails here."""
    lines = (POLICIES / f"{name}.hcl").read_text().splitlines()
    found = [line for line in lines if line and not line.startswith("#")]
    assert all(_RULE.fullmatch(line) for line in found), found
    return found


def parts(rule: str) -> tuple[str, str]:
    """The kind of a rule and the name it is about, like ``service``, ``ports``."""
    found = _RULE.fullmatch(rule)
    assert found is not None
    return found["kind"], found["name"]


def each_rule(*names: str) -> list[object]:
    """A case for each rule of these policies: the name, and the rule that is left out."""
    return [
        pytest.param(name, rule, id=" ".join((name, *parts(rule))).strip()) for name in names for rule in rules(name)
    ]


async def token_without(rule: str, name: str, cluster: Cluster, manager: Api) -> str:
    """A new token with a policy that has one rule less, once all servers know it: one that does not would refuse it."""
    title = re.sub(r"\W+", "-", f"{name} without {rule}").strip("-")
    allowed = [each for each in rules(name) if each != rule]
    await manager.done("/v1/acl/policy", {"Name": title, "Rules": "\n".join(allowed)})
    token = str((await manager.done("/v1/acl/token", {"Policies": [{"Name": title}]})).json["SecretID"])
    clock = discovery.Surroundings().clock
    async with aiohttp.ClientSession(headers={"X-Consul-Token": token}) as session:
        for server in cluster.servers:
            while (await session.get(f"{server.url}/v1/acl/token/self?stale")).status != 200:
                await clock.sleep(_LOOK_EVERY_S)
    return token
