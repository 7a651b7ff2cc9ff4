"""What each fault of an agent does to a mesh; the same of a real agent behind them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

import discovery
from discovery.observer import WatchFailed
from discovery.testing import MeshAgent, RecordingObserver, ServiceFactory, agent_before, agent_in_memory, seen

PORTS = {"/ports": [{"id": 1}], "POST /ports": {"id": 2}}


@pytest.fixture(params=["memory", pytest.param("real", marks=pytest.mark.consul)])
async def mesh_agent(request: pytest.FixtureRequest) -> AsyncIterator[MeshAgent]:
    if request.param == "real":
        async with agent_before(request.getfixturevalue("mesh_consul")) as agent:
            yield agent
    else:
        async with agent_in_memory() as agent:
            yield agent


@pytest.fixture
def mesh_config(mesh_agent: MeshAgent) -> discovery.MeshConfig:
    return mesh_agent.config(lookup_timeout_s=0.2)


async def works(mesh: discovery.Mesh, service: str = "ports") -> bool:
    async with mesh.get(f"http://{service}/ports") as response:
        return response.status == 200


async def test_what_is_known_goes_on_while_the_agent_lags_and_what_is_not_is_not_waited_for(
    mesh: discovery.Mesh, mesh_agent: MeshAgent, mesh_service: ServiceFactory
) -> None:
    await mesh_service("ports", PORTS)
    await mesh_service("laptops", PORTS)
    assert await works(mesh)
    with mesh_agent.lags(30):
        assert await works(mesh)
        with pytest.raises(discovery.NoInstances):
            await mesh.get("http://laptops/ports")


@pytest.mark.parametrize(
    ("fault", "words"),
    [("loses_leader", "No cluster leader"), ("refuses", "too many connections"), ("hangs", "has not told us")],
)
async def test_what_is_known_goes_on_and_what_is_not_is_said_to_be_unread(
    mesh: discovery.Mesh, mesh_agent: MeshAgent, mesh_service: ServiceFactory, fault: str, words: str
) -> None:
    await mesh_service("ports", PORTS)
    await mesh_service("laptops", PORTS)
    assert await works(mesh)
    with getattr(mesh_agent, fault)():
        assert await works(mesh)
        with pytest.raises(discovery.NoInstances, match=words) as caught:
            await mesh.get("http://laptops/ports")
        assert caught.value.reason is discovery.Nobody.UNREAD
    async for view in mesh.watch("laptops"):
        if view.instances:
            break
    assert await works(mesh, "laptops")


async def test_who_is_refused_is_told_why(
    mesh: discovery.Mesh, mesh_agent: MeshAgent, mesh_observer: RecordingObserver
) -> None:
    mesh_agent.refuses(403)
    mesh.view("ports")
    await mesh_observer.until(lambda: any(e.what == "service ports" for e in mesh_observer.told(WatchFailed)))
    failed = next(event for event in mesh_observer.told(WatchFailed) if event.what == "service ports")
    assert "Permission denied" in str(failed.error)


async def test_who_was_forgotten_registers_again(
    mesh: discovery.Mesh, mesh_agent: MeshAgent, mesh_service: ServiceFactory
) -> None:
    ports = await mesh_service("ports", PORTS)
    await seen(mesh, ports.instance)
    mesh_agent.forgets()
    async for view in mesh.watch("ports"):
        if [each.meta["generation"] for each in view.instances] == ["2"]:
            break
    assert await works(mesh)


async def test_an_index_that_goes_back_is_followed_from_there(
    mesh: discovery.Mesh, mesh_agent: MeshAgent, mesh_service: ServiceFactory
) -> None:
    first = await mesh_service("ports", PORTS)
    await seen(mesh, first.instance)
    mesh_agent.regresses_index()
    second = await mesh_service("ports", PORTS)
    await seen(mesh, second.instance)
    await first.stop()
    await seen(mesh, first.instance, gone=True)
    assert await works(mesh)


async def test_an_emptied_catalogue_is_believed_and_who_was_there_last_is_called_all_the_same(
    mesh: discovery.Mesh, mesh_agent: MeshAgent, mesh_service: ServiceFactory
) -> None:
    ports = await mesh_service("ports", PORTS)
    await seen(mesh, ports.instance)
    with mesh_agent.empties():
        await seen(mesh, ports.instance, gone=True)
        assert await works(mesh)
    await seen(mesh, ports.instance)


async def test_who_enters_without_a_server_is_there_at_once(mesh: discovery.Mesh, mesh_agent: MeshAgent) -> None:
    mesh_agent.enter("printer", "127.0.0.1", 9)
    async for view in mesh.watch("printer"):
        if view.instances:
            break
    assert [(each.id, each.address) for each in view.instances] == [("printer-127.0.0.1-9", "127.0.0.1:9")]


@pytest.mark.consul
async def test_whoever_has_a_real_agent_next_finds_it_empty(mesh_consul: str) -> None:
    async with agent_before(mesh_consul) as agent, aiohttp.ClientSession(agent.url) as session:
        agent.enter("printer", "127.0.0.1", 9, id="odd/id 1")
        async with session.put("/v1/kv/mesh/timeout", data="1") as response:
            assert response.status == 200
    async with agent_before(mesh_consul) as agent, aiohttp.ClientSession(agent.url) as session:
        async with session.get("/v1/agent/services") as response:
            assert await response.json() == {}
        async with session.get("/v1/kv/?keys") as response:
            assert await response.json() == []
