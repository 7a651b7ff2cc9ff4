"""What is broken on request in a running system, and what of it is mended with its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from discovery.clock import SystemClock
from discovery.config import MeshConfig
from discovery.devagent import Devagent
from discovery.errors import RegistryError
from launcher.local.agent import Agent
from launcher.local.breakage import Breakage, NotBroken
from launcher.local.consul_choice import Choice
from launcher.local.processes import Processes
from launcher.local.relay import Relay
from tests.launcher.processes import Ears, supervisor

KEY = "mesh/ports/fault"
NOBODY = MeshConfig(name="mesh", consul_url="http://127.0.0.1:1")


@pytest.fixture
async def agent() -> AsyncIterator[Agent]:
    async with Devagent() as devagent, Agent(MeshConfig(name="mesh", consul_url=devagent.url)) as agent:
        yield agent


async def is_set(agent: Agent) -> bool:
    async with aiohttp.ClientSession() as session, session.get(f"{agent.url}/v1/kv/{KEY}") as response:
        return response.status == 200


def others(tmp_path: Path) -> Processes:
    """Those of a system in a Consul that is not its own."""
    return Processes.planned({}, tmp_path, Choice(config=NOBODY), {})


async def test_a_setting_is_set_taken_out_and_not_left_in_a_consul_that_stays(agent: Agent, tmp_path: Path) -> None:
    breakage = Breakage(agent, supervisor(Ears()), others(tmp_path), None)
    await breakage.set(KEY, "{}")
    assert await is_set(agent)
    await breakage.set(KEY, None)
    await breakage.set(KEY, None)
    assert not await is_set(agent)
    await breakage.set(KEY, "{}")
    await breakage.forget()
    assert not await is_set(agent)


async def test_who_cannot_set_it_is_told(tmp_path: Path) -> None:
    async with Agent(NOBODY) as nobody:
        with pytest.raises(NotBroken, match=f"{KEY}: "):
            await Breakage(nobody, supervisor(Ears()), others(tmp_path), None).set(KEY, "{}")


async def test_our_consul_goes_away_and_comes_back_at_the_same_place(tmp_path: Path) -> None:
    processes = Processes.planned({}, tmp_path, Choice(embedded=True), {})
    config = MeshConfig(name="mesh", consul_url=processes.consul_url)
    ears = Ears()
    async with supervisor(ears) as keeper, Agent(config) as agent:
        breakage = Breakage(agent, keeper, processes, None)
        breakage.start_consul()
        breakage.start_consul()
        await answering(agent)
        await breakage.stop_consul()
        await breakage.stop_consul()
        assert keeper.pids == {}
        with pytest.raises(NotBroken):
            await breakage.set(KEY, "{}")
        breakage.start_consul()
        await answering(agent)
    assert ears.ends == []


async def answering(agent: Agent) -> None:
    """Wait until it is there."""
    clock = SystemClock()
    async with clock.timeout(20):
        while True:
            with suppress(RegistryError):
                await agent.instances()
                return
            await clock.sleep(0.02)


async def test_a_consul_of_others_is_not_ended(tmp_path: Path) -> None:
    async with supervisor(Ears()) as keeper, Agent(NOBODY) as agent:
        breakage = Breakage(agent, keeper, others(tmp_path), None)
        with pytest.raises(NotBroken, match="is not this system's own, so it is not ended"):
            await breakage.stop_consul()
        breakage.start_consul()
        assert keeper.pids == {}


async def test_the_way_to_a_broker_is_cut_and_joined(agent: Agent, tmp_path: Path) -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"AMQP")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as broker, asyncio.timeout(10):
        url = f"amqp://127.0.0.1:{broker.sockets[0].getsockname()[1]}/"
        processes = Processes.planned({}, tmp_path, Choice(embedded=True), {"BROKER_URL": url})
        assert processes.broker is not None
        async with Relay(processes.broker, processes.relay_port) as relay:
            breakage = Breakage(agent, supervisor(Ears()), processes, relay)
            assert breakage.no_broker == ""
            breakage.join_broker()
            assert await is_reached(processes)
            breakage.cut_broker()
            assert not await is_reached(processes)
            breakage.join_broker()
            assert await is_reached(processes)


async def is_reached(processes: Processes) -> bool:
    """Whether a service of the system would reach the broker."""
    told = URL(processes.service("ports-1").environ["BROKER_URL"])
    reader, writer = await asyncio.open_connection(told.host, told.port)
    try:
        return await reader.read(4) == b"AMQP"
    except ConnectionError:
        return False
    finally:
        writer.close()


@pytest.mark.parametrize(
    ("url", "why"), [("", "events go over the mesh"), ("amqp://a:secret@elsewhere/", "not on this machine")]
)
async def test_where_there_is_none_it_is_told_and_there_is_nothing_to_join(
    agent: Agent, tmp_path: Path, url: str, why: str
) -> None:
    processes = Processes.planned({}, tmp_path, Choice(embedded=True), {"BROKER_URL": url})
    breakage = Breakage(agent, supervisor(Ears()), processes, None)
    with pytest.raises(NotBroken, match=why):
        breakage.cut_broker()
    assert why in breakage.no_broker
    breakage.join_broker()
