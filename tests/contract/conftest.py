"""The agents that the contract is asked of: the devagent, and beside it a real Consul where one is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import aiohttp
import pytest

from discovery.devagent import Devagent
from discovery.testing.consul import running_consul
from tests.contract.agents import consul_program, old_consul_program
from tests.contract.api import Api


@pytest.fixture(scope="session")
def consul_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Consul, started once; only for tests marked ``consul``, which are skipped where there is none."""
    with running_consul(consul_program(), tmp_path_factory.mktemp("consul")) as url:
        yield url


@pytest.fixture(scope="session")
def old_consul_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Consul 1.8, started once; only for tests marked ``consul_1_8``."""
    with running_consul(old_consul_program(), tmp_path_factory.mktemp("consul-1.8")) as url:
        yield url


@pytest.fixture(params=["devagent", pytest.param("consul", marks=pytest.mark.consul)])
async def agent_url(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """Both agents, one after the other; the real one is shared, so tests use names that nobody else has."""
    if request.param == "consul":
        yield request.getfixturevalue("consul_url")
    else:
        async with Devagent() as agent:
            yield agent.url


@pytest.fixture
async def api(agent_url: str) -> AsyncIterator[Api]:
    async with aiohttp.ClientSession(agent_url) as session:
        yield Api(session)


@pytest.fixture
async def name(api: Api) -> AsyncIterator[str]:
    """The name of a service that nobody else has; its instances are deregistered at the end."""
    unique = f"web-{uuid4().hex[:8]}"
    yield unique
    for service_id, service in (await api.get("/v1/agent/services")).json.items():
        if service["Service"].lower().startswith(unique):
            await api.put(f"/v1/agent/service/deregister/{service_id}")


@pytest.fixture
async def prefix(api: Api) -> AsyncIterator[str]:
    """A prefix of keys that nobody else has; what is below it is deleted at the end."""
    unique = f"contract/{uuid4().hex[:8]}/"
    yield unique
    await api.ask("DELETE", f"/v1/kv/{unique}", recurse="")
