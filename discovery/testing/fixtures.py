"""The fixtures. What they need is loaded when one is used, since this is loaded in everybody's tests."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Generator, Iterator
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from discovery.testing.plugin import KINDS

if TYPE_CHECKING:
    from discovery.clock import Clock
    from discovery.config import MeshConfig
    from discovery.runtime.mesh import Mesh
    from discovery.runtime.surroundings import Surroundings
    from discovery.testing.agent import MeshAgent
    from discovery.testing.client import ClientFactory
    from discovery.testing.clock import FakeClock
    from discovery.testing.observer import RecordingObserver
    from discovery.testing.service import ServiceFactory
    from discovery.testing.stub import MeshStub

# The stubs of the test that runs; their fixture puts them there.
_STUB: pytest.StashKey[MeshStub] = pytest.StashKey()


@pytest.fixture
def mesh_clock() -> FakeClock:
    """A clock that stands still until the test moves it: ``await mesh_clock.advance(10)``.

    Where a test asks for it, it is the clock of everything else here.
    """
    from discovery.testing.clock import FakeClock

    return FakeClock()


@pytest.fixture
def mesh_observer() -> RecordingObserver:
    """What the mesh of the test, and that of a ``mesh_client``, tell: their calls, requests and events."""
    from discovery.testing.observer import RecordingObserver

    return RecordingObserver()


@pytest_asyncio.fixture
async def mesh_agent(request: pytest.FixtureRequest) -> AsyncIterator[MeshAgent]:
    """A Consul agent of the test's own, which misbehaves on command: ``mesh_agent.url``, ``mesh_agent.hangs()``.

    It is in memory, or with ``--mesh-agent=real`` a real one behind the same faults.
    """
    from discovery.testing.agent import agent_before, agent_in_memory

    if _kind(request.config) == "real":
        url = request.getfixturevalue("mesh_consul")
        async with agent_before(url, _clock(request)) as agent:
            yield agent
    else:
        async with agent_in_memory(_clock(request)) as agent:
            yield agent


@pytest.fixture(scope="session")
def mesh_consul(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real Consul, started once for all tests that need it. Without a program it is an error."""
    from discovery.testing.consul import find_consul, running_consul

    try:
        program = find_consul(os.environ)
    except ValueError as error:
        pytest.fail(f"a real agent was asked for, and {error}", pytrace=False)
    if program is None:
        pytest.fail(
            "a real agent was asked for, and there is no consul: name the program in CONSUL_BIN, or put it on the path",
            pytrace=False,
        )
    with running_consul(program, tmp_path_factory.mktemp("mesh-consul")) as url:
        yield url


@pytest.fixture
def mesh_config(mesh_agent: MeshAgent) -> MeshConfig:
    """The settings of the fixture ``mesh``. Override it for others: ``return mesh_agent.config("report", ...)``."""
    return mesh_agent.config()


@pytest_asyncio.fixture
async def mesh(request: pytest.FixtureRequest, mesh_config: MeshConfig) -> AsyncIterator[Mesh]:
    """A mesh on the agent of the test; ``mesh_observer`` is told of its calls."""
    from discovery.runtime.mesh import Mesh
    from discovery.testing.flowing import flowing

    around = _around(request)
    mesh = Mesh(mesh_config, around=around)
    await mesh.__aenter__()
    try:
        yield mesh
    finally:
        async with flowing(around.clock):
            await mesh.__aexit__(None, None, None)


@pytest_asyncio.fixture
async def mesh_service(request: pytest.FixtureRequest, mesh_agent: MeshAgent) -> AsyncIterator[ServiceFactory]:
    """A factory of real servers: ``ports`` is made of ``{"/ports": [...]}``, or of an application."""
    from discovery.testing.service import ServiceFactory

    factory = ServiceFactory(mesh_agent, _clock(request))
    try:
        yield factory
    finally:
        await factory.stop()


@pytest_asyncio.fixture
async def mesh_client(request: pytest.FixtureRequest, mesh_agent: MeshAgent) -> AsyncIterator[ClientFactory]:
    """A factory of clients, each for an application that is served as a member of the mesh."""
    from discovery.testing.client import ClientFactory
    from discovery.testing.flowing import flowing

    around = _around(request)
    factory = ClientFactory(mesh_agent, around)
    try:
        yield factory
    finally:
        async with flowing(around.clock):
            await factory.stop()


@pytest_asyncio.fixture
async def mesh_stub(
    request: pytest.FixtureRequest, mesh_agent: MeshAgent, mesh_observer: RecordingObserver
) -> AsyncIterator[MeshStub]:
    """Stubs by the name of a service: ``mesh_stub.get("ports", "/ports").answers(json=[...])``."""
    from discovery.testing.stub import MeshStub

    stub = MeshStub(mesh_agent, mesh_observer, _clock(request))
    request.node.stash[_STUB] = stub
    async with stub.serving():
        yield stub


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Ask the stubs at the end of a test, as a part of it: what they say is a failure, and no error afterwards."""
    stub = item.stash.get(_STUB, None)
    try:
        result = yield
    except BaseException as error:
        if stub is not None and (unexpected := stub.unexpected()):
            error.add_note("\n".join(["mesh_stub:", *unexpected]))
        raise
    wrong = ""
    if stub is not None:
        try:
            stub.check()
        except AssertionError as error:
            wrong = str(error)
    if wrong:  # said outside of the handler, or pytest would say it twice
        pytest.fail(wrong, pytrace=False)
    return result


def _kind(config: pytest.Config) -> str:
    """Which agent is wanted: the option, else the variable, else the ini's."""
    said = config.getoption("--mesh-agent") or os.environ.get("MESH_TEST_AGENT") or config.getini("mesh_agent")
    if said and said not in KINDS:
        pytest.fail(f"mesh_agent (MESH_TEST_AGENT) is {' or '.join(KINDS)}, got {said!r}", pytrace=False)
    return said or KINDS[0]


def _clock(request: pytest.FixtureRequest) -> Clock:
    from discovery.clock import SystemClock

    return request.getfixturevalue("mesh_clock") if "mesh_clock" in request.fixturenames else SystemClock()


def _around(request: pytest.FixtureRequest) -> Surroundings:
    from random import Random

    from discovery.runtime.surroundings import Surroundings

    # Chance is the same in every run.
    return Surroundings(_clock(request), Random(0), request.getfixturevalue("mesh_observer"))
