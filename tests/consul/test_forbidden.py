"""What nobody may do with the token of a service, whatever it is allowed otherwise."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.consul.cluster import AGENT, Cluster
from tests.consul.members import BUILD
from tests.consul.rules import parts, rules
from tests.contract.api import Api

pytestmark = pytest.mark.consul


def dummy(name: str) -> str:
    return f"dummy-{name}"


@pytest.fixture
async def chief(manager: Api) -> AsyncIterator[Api]:
    """Whoever may do everything, who has entered an instance and a setting of each service."""
    for name in BUILD:
        await manager.register(name, ID=dummy(name), Port=1)
        await manager.until_catalogued(name)
        await manager.done(f"/v1/kv/mesh/{name}/timeout_s", "9")
    yield manager
    for name in BUILD:
        await manager.done(f"/v1/agent/service/deregister/{dummy(name)}")
        await manager.until_catalogued(name, 0)
        await manager.ask("DELETE", f"/v1/kv/mesh/{name}/timeout_s")


@pytest.mark.parametrize("service", BUILD)
async def test_the_token_of_a_service_is_good_for_this_service_alone(
    service: str, cluster: Cluster, chief: Api
) -> None:
    kinds = {parts(rule) for rule in rules(service)}
    readable = set(BUILD) if ("service_prefix", "") in kinds else {name for kind, name in kinds if kind == "service"}
    async with aiohttp.ClientSession(cluster.agent.url, headers={"X-Consul-Token": cluster.token(service)}) as session:
        itself = Api(session)
        for other in BUILD.keys() - {service}:
            for path, body in (
                ("/v1/agent/service/register", {"ID": dummy(other), "Name": other, "Port": 2}),
                (f"/v1/agent/service/deregister/{dummy(other)}", None),
                (f"/v1/agent/service/maintenance/{dummy(other)}?enable=true", None),
                ("/v1/catalog/register", {"Node": AGENT, "Address": "127.0.0.1", "Service": {"Service": other}}),
            ):
                assert (await itself.put(path, body)).status == 403, (path, other)
            assert (await itself.get(f"/v1/kv/mesh/{other}/", recurse="1")).status == 404
            rows = (await itself.get(f"/v1/health/service/{other}")).json
            assert bool(rows) == (other in readable), other
        for key in (f"mesh/{service}/timeout_s", "mesh/fault", "anything"):
            assert (await itself.put(f"/v1/kv/{key}", "1")).status == 403
        names = (await itself.get("/v1/catalog/services")).json
        assert names.keys() & BUILD.keys() == readable
        for path in ("/v1/acl/tokens", "/v1/acl/policies", "/v1/agent/self", "/v1/operator/keyring"):
            assert (await itself.get(path)).status == 403, path


async def test_without_a_token_nothing_is_told_and_nothing_is_done(cluster: Cluster, chief: Api) -> None:
    async with aiohttp.ClientSession(cluster.agent.url) as session:
        nobody = Api(session)
        assert (await nobody.get("/v1/catalog/nodes")).json == []
        assert (await nobody.get("/v1/catalog/services")).json == {}
        assert (await nobody.get("/v1/health/service/ports")).json == []
        assert (await nobody.get("/v1/kv/mesh/", recurse="1")).status == 404
        assert (await nobody.get("/v1/agent/self")).status == 403
        assert (await nobody.put("/v1/agent/service/register", {"Name": "ports"})).status == 403
        # All that it is told is that somebody leads: compose.yaml asks for no more to find an agent healthy.
        assert (await nobody.get("/v1/status/leader")).text != '""'
