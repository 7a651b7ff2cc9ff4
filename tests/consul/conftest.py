"""One cluster for all tests of a worker; they leave it as they found it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack

import aiohttp
import pytest

from tests.consul.cluster import Cluster, running_cluster
from tests.consul.secured import Secured, running_secured
from tests.contract.agents import consul_program
from tests.contract.api import Api


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three servers and an agent, with policies; only for tests marked ``consul``."""
    with ExitStack() as stack:
        yield _entered(stack, lambda: running_cluster(consul_program(), tmp_path_factory.mktemp("cluster")))


def _entered(stack: ExitStack, cluster: Callable[[], AbstractContextManager[Cluster]]) -> Cluster:
    """Start one. Fourteen ports are free when they are chosen; somebody may take one before we do."""
    for _ in range(2):
        try:
            return stack.enter_context(cluster())
        except AssertionError as error:
            if "address already in use" not in str(error):
                raise
    return stack.enter_context(cluster())


@pytest.fixture(scope="session")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """One agent with HTTPS, a unix socket and tokens; only for tests marked ``consul``."""
    with running_secured(consul_program(), tmp_path_factory.mktemp("secured")) as agent:
        yield agent


@pytest.fixture
async def manager(cluster: Cluster) -> AsyncIterator[Api]:
    """The agent, asked by whoever may do everything."""
    async with aiohttp.ClientSession(cluster.agent.url, headers=cluster.manager) as session:
        yield Api(session)
