"""One cluster for all tests of a worker; they leave it as they found it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

from tests.consul.cluster import Cluster, running_cluster
from tests.contract.agents import consul_program
from tests.contract.api import Api


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three servers and an agent, with policies; only for tests marked ``consul``."""
    with running_cluster(consul_program(), tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture
async def manager(cluster: Cluster) -> AsyncIterator[Api]:
    """The agent, asked by whoever may do everything."""
    async with aiohttp.ClientSession(cluster.agent.url, headers=cluster.manager) as session:
        yield Api(session)
