"""An agent in trouble: the devagent when it is told to be, and a real one that is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from discovery.devagent import Devagent
from discovery.devagent.faults import Faults
from discovery.testing.consul import running_consul
from tests.contract.agents import consul_program
from tests.contract.api import Api

BOTH = ["devagent", pytest.param("consul", marks=pytest.mark.consul)]


@pytest.fixture(params=BOTH)
async def leaderless(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    """An agent whose server waits in vain for two others."""
    if request.param == "devagent":
        faults = Faults()
        async with Devagent(faults=faults) as agent, aiohttp.ClientSession(agent.url) as session:
            faults.loses_leader()
            yield Api(session)
        return
    alone = {"server": True, "bootstrap_expect": 3}
    folder = tmp_path_factory.mktemp("leaderless")
    with running_consul(consul_program(), folder, alone, dev=False) as url:
        async with aiohttp.ClientSession(url) as session:
            yield Api(session)


async def test_without_a_leader_the_servers_say_so_and_the_agent_goes_on(leaderless: Api) -> None:
    # All at once: a real one looks for a leader for some seconds before it says that there is none.
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        refused = [
            group.create_task(leaderless.get("/v1/health/service/web")),
            group.create_task(leaderless.get("/v1/health/service/web", consistent="")),
            group.create_task(leaderless.get("/v1/health/checks/web")),
            group.create_task(leaderless.get("/v1/catalog/services")),
            group.create_task(leaderless.get("/v1/catalog/service/web")),
            group.create_task(leaderless.get("/v1/kv/a")),
            group.create_task(leaderless.put("/v1/kv/a", "1")),
            group.create_task(leaderless.put("/v1/catalog/register", {"Node": "n", "Address": "127.0.0.1"})),
            group.create_task(leaderless.put("/v1/event/fire/deploy", "")),
        ]
        registering = group.create_task(leaderless.put("/v1/agent/service/register", {"Name": "web"}))
        streamed = group.create_task(leaderless.get("/v1/health/service/web", index="1", wait="1s"))
    assert {(task.result().status, task.result().text) for task in refused} == {(500, "No cluster leader")}
    assert registering.result().status == 200
    assert (await leaderless.get("/v1/agent/service/web")).json["Service"] == "web"
    assert streamed.result().status == 200
    assert streamed.result().header("X-Consul-KnownLeader") == "false"
    assert (await leaderless.get("/v1/catalog/datacenters")).status == 200


@pytest.mark.parametrize("kind", BOTH)
async def test_a_connection_too_many_is_answered_by_429_and_ended(
    kind: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if kind == "devagent":
        faults = Faults()
        async with Devagent(faults=faults) as agent:
            faults.refuses(429)
            answer = await raw(agent.url)
    else:
        folder = tmp_path_factory.mktemp("crowded")
        few = {"limits": {"http_max_conns_per_client": 1}}
        with running_consul(consul_program(), folder, few) as url:
            async with aiohttp.ClientSession(url) as session:
                holding = asyncio.create_task(Api(session).get("/v1/health/service/x", index="1000", wait="20s"))
                while not (answer := await raw(url)).startswith(b"HTTP/1.1 429"):
                    await asyncio.wait([holding], timeout=0.1)  # it is not there yet
                holding.cancel()
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 429 Too Many Requests\r\n")
    assert b"connection: close" in head.lower()
    assert body == b"Your IP is issuing too many concurrent connections, please rate limit your calls\n"


async def raw(url: str) -> bytes:
    """All that comes on a connection until its other end closes it.

    Nothing, where a reset overtook it: who closes before the request has come answers that by a reset.
    """
    reader, writer = await asyncio.open_connection(*url.removeprefix("http://").split(":"))
    writer.write(b"GET /v1/agent/self HTTP/1.1\r\nHost: agent\r\nConnection: close\r\n\r\n")
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()
