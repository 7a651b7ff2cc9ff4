"""Calls for instances by their tags: the registry takes what is made of them, and chooses those that have all."""

from __future__ import annotations

import pytest

import discovery
from discovery.registry.consul_registry import ConsulRegistry
from discovery.testing.peer import peer
from tests.contract.api import Api

ODD = ["v2", "a b", 'say "a"', "a\\b", "a`b", "größe", "not", "a.b/c:d=e", "(", "' or 1 == 1"]


@pytest.mark.parametrize("tag", ODD)
async def test_a_call_goes_to_those_that_have_all_tags(agent_url: str, api: Api, name: str, tag: str) -> None:
    config = discovery.MeshConfig(name="tests", consul_url=agent_url, lookup_timeout_s=20)
    async with discovery.Mesh(config, ConsulRegistry(config)) as mesh, peer(discovery.StaticRegistry(), name) as one:
        for each, tags in (("both", [tag, "blue"]), ("one", [tag]), ("none", [])):
            where = {"Address": one.instance.host, "Port": one.instance.port}
            await api.register(name, ID=f"{name}-{each}", Tags=tags, **where)
        await api.until_catalogued(name, 3)
        for wanted, ids in (((tag, "blue"), {"both"}), (tag, {"both", "one"}), ((), {"both", "one", "none"})):
            met = set()
            for _ in range(20):
                async with mesh.get(f"http://{name}/", tags=wanted) as response:
                    met.add(discovery.attempts(response)[-1].instance.id.removeprefix(f"{name}-"))
            assert met <= ids
        with pytest.raises(discovery.NoInstances, match="none that the filter"):
            await mesh.get(f"http://{name}/", tags=(tag, "absent"), timeout=0.5)
