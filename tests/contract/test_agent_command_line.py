"""HashiCorp's own command line, asked of both agents."""

from __future__ import annotations

import asyncio
import json
import os
from uuid import uuid4

import pytest

from tests.contract.agents import consul_program
from tests.contract.api import PATIENCE_S, Api

pytestmark = pytest.mark.consul


class CommandLine:
    """``consul``, with the agent that it is to talk to."""

    def __init__(self, agent_url: str) -> None:
        self._environ = {"PATH": os.environ["PATH"], "CONSUL_HTTP_ADDR": agent_url}

    async def __call__(self, *words: str, expect: int = 0) -> str:
        process = await asyncio.create_subprocess_exec(
            consul_program(),
            *words,
            env=self._environ,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(PATIENCE_S):
                said, _ = await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()
            raise
        assert process.returncode == expect, said.decode()
        return said.decode()


@pytest.fixture
def consul(agent_url: str) -> CommandLine:
    return CommandLine(agent_url)


async def test_members_and_nodes(consul: CommandLine, api: Api) -> None:
    head, line = (await consul("members")).splitlines()
    member = dict(zip(head.split(), line.split(), strict=True))
    assert (member["Node"], member["Status"], member["Type"], member["DC"]) == (
        await api.node(),
        "alive",
        "server",
        "dc1",
    )
    assert member["Build"] == "1.19.2"
    assert f"dc={'dc1'}" in await consul("members", "-detailed")
    assert await api.node() in await consul("catalog", "nodes", "-detailed")
    assert (await consul("catalog", "datacenters")).split() == ["dc1"]
    assert "leader = true" in await consul("info")


async def test_services_come_and_go(consul: CommandLine, name: str) -> None:
    said = await consul("services", "register", f"-name={name}", "-port=80", "-tag=blue", "-meta=version=1")
    assert said == f"Registered service: {name}\n"
    lines = (await consul("catalog", "services", "-tags")).splitlines()[1:]
    listed = {service: tags.strip() for service, _, tags in (line.partition(" ") for line in lines)}
    assert listed[name] == "blue"
    assert len((await consul("catalog", "nodes", f"-service={name}")).splitlines()) == 2
    await consul("services", "deregister", f"-id={name}")
    refused = await consul("services", "deregister", f"-id={name}", expect=1)
    assert f'Unknown service ID "{name}"' in refused


async def test_keys_and_values(consul: CommandLine, prefix: str) -> None:
    key = f"{prefix}a"
    assert await consul("kv", "put", "-flags=7", key, "one") == f"Success! Data written to: {key}\n"
    assert await consul("kv", "get", key) == "one\n"
    assert "Flags            7" in await consul("kv", "get", "-detailed", key)
    assert await consul("kv", "get", "-keys", prefix) == f"{key}\n"
    assert await consul("kv", "get", "-recurse", prefix) == f"{key}:one\n"
    assert "CAS performed with index=0 and key already exists" in await consul(
        "kv", "put", "-cas", "-modify-index=0", key, "two", expect=1
    )
    (exported,) = json.loads(await consul("kv", "export", prefix))
    assert (exported["key"], exported["value"]) == (key, "b25l")
    assert await consul("kv", "delete", key) == f"Success! Deleted key: {key}\n"
    assert f"No key exists at: {key}" in await consul("kv", "get", key, expect=1)
    assert await consul("kv", "delete", "-recurse", prefix) == f"Success! Deleted keys with prefix: {prefix}\n"


async def test_maintenance(consul: CommandLine, api: Api, name: str) -> None:
    await api.register(name)
    await consul("maint", "-enable", f"-service={name}", "-reason=moving house")
    try:
        assert "moving house" in await consul("maint")
    finally:
        await consul("maint", "-disable", f"-service={name}")
    assert name not in await consul("maint")


@pytest.mark.parametrize(
    ("options", "seen"),
    [
        (["-type=service", "-service={name}"], '"Service": "{name}"'),
        (["-type=services"], '"{name}": ['),
        (["-type=checks", "-service={name}"], '"CheckID": "service:{name}"'),
        (["-type=nodes"], '"Node": "{node}"'),
        (["-type=key", "-key={prefix}a"], '"Key": "{prefix}a"'),
        (["-type=keyprefix", "-prefix={prefix}"], '"Key": "{prefix}a"'),
    ],
)
async def test_watches(consul: CommandLine, api: Api, name: str, prefix: str, options: list[str], seen: str) -> None:
    await api.register(name, Check={"TTL": "1h"})
    await api.until_catalogued(name)
    await api.done(f"/v1/kv/{prefix}a", "one")
    known = {"name": name, "prefix": prefix, "node": await api.node()}
    said = await consul("watch", *(option.format(**known) for option in options))
    assert seen.format(**known) in said


async def test_events(consul: CommandLine) -> None:
    event = f"deploy-{uuid4().hex[:8]}"
    assert (await consul("event", f"-name={event}", "now")).startswith("Event ID: ")
    (seen,) = json.loads(await consul("watch", "-type=event", f"-name={event}"))
    assert (seen["Name"], seen["Payload"]) == (event, "bm93")
