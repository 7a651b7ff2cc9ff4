"""`mesh up`: everything comes up, and everything goes, whatever happens in between."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest

from discovery.clock import SystemClock
from discovery.devagent import Devagent
from launcher.load import drive
from launcher.plan import SYSTEM
from tests.e2e.command import Up, said

pytestmark = pytest.mark.e2e

EMBEDDED = pytest.param("embedded")
REAL = pytest.param("real", marks=pytest.mark.consul)
SMALL = ("--json", "--consul", "embedded", "--only", "ports", "--scale", "ports=1")


@pytest.mark.parametrize("consul", [EMBEDDED, REAL])
async def test_all_comes_up_answers_and_goes(consul: str) -> None:
    async with Up("up", "--json", "--consul", consul) as up:
        system = await up.ready()
        names = [each["name"] for each in system["instances"]]
        assert names == [f"{service}-{n}" for service, count in SYSTEM.items() for n in range(1, count + 1)]
        assert {each["pid"] for each in system["instances"]} < set(up.processes())
        async with aiohttp.ClientSession() as session, session.get(f"{system['gateway']}/api/laptops/1") as response:
            assert (await response.json())["ports"]
        up.signal()
        assert await up.ended() == 0
        assert up.processes() == []


async def test_a_process_that_dies_comes_back_and_the_reason_is_told() -> None:
    async with Up("up", *SMALL) as up:
        system = await up.ready()
        os.kill(system["instances"][0]["pid"], signal.SIGKILL)
        assert "ports-1 ended (killed by SIGKILL); starting it again in" in await up.hears("ended")
        await up.comes(lambda: len(up.processes()) == 3)
        up.signal(signal.SIGTERM)
        assert await up.ended() == 0
        assert up.processes() == []


PHASES: dict[str, Callable[[list[int]], bool]] = {
    "itself": lambda processes: len(processes) >= 1,
    "the first process": lambda processes: len(processes) >= 2,
    "all processes": lambda processes: len(processes) >= 4,
}


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_ctrl_c_while_it_starts_leaves_nothing(phase: str, number: signal.Signals) -> None:
    async with Up("up", "--json", "--consul", "embedded", "--only", "ports", "--scale", "ports=2") as up:
        await up.comes(lambda: PHASES[phase](up.processes()))
        up.signal(number)
        # In its first moments, before any line of ours has run, Python or the system ends it.
        assert await up.ended() in ({130} if phase != "itself" else {130, 1, -number})
        assert up.processes() == []


async def test_a_second_ctrl_c_ends_it_at_once_and_still_leaves_nothing() -> None:
    async with Up("up", "--json", "--consul", "embedded", environ={"MESH_DRAIN_S": "9"}) as up:
        await up.ready()
        up.signal()
        await up.hears("stopping")
        up.signal()
        async with asyncio.timeout(3):
            await up.ended()
        assert up.processes() == []


@pytest.fixture
async def agent() -> AsyncIterator[aiohttp.ClientSession]:
    """A Consul that is not the system's own."""
    async with Devagent() as agent, aiohttp.ClientSession(agent.url) as session:
        yield session


async def registered(agent: aiohttp.ClientSession) -> dict[str, Any]:
    async with agent.get("/v1/agent/services") as response:
        content: dict[str, Any] = await response.json()
        return content


@pytest.mark.parametrize("presses", [1, 2])
async def test_nobody_stays_registered_in_a_consul_of_others(agent: aiohttp.ClientSession, presses: int) -> None:
    arguments = ("--json", "--only", "ports", "--scale", "ports=2")
    async with Up("up", *arguments, environ={"CONSUL_HTTP_ADDR": str(agent._base_url)}) as up:
        system = await up.ready()
        ids = {each["id"] for each in system["instances"]}
        assert ids == {f"ports-{number}-{system['system']}" for number in (1, 2)}
        assert (await registered(agent)).keys() == ids
        os.kill(system["instances"][0]["pid"], signal.SIGKILL)
        up.signal()
        await up.hears("stopping")
        if presses == 2:
            up.signal()
        await up.ended()
        assert await registered(agent) == {}
        assert up.processes() == []


async def test_scaling_up_and_down_under_load_fails_no_request() -> None:
    async with Up("up", "--json", "--consul", "embedded") as up, aiohttp.ClientSession() as session:
        system = await up.ready()

        async def send(number: int) -> str:
            async with session.get(f"{system['gateway']}/api/laptops/{number % 10 + 1}") as response:
                content = await response.json()
                return "" if response.status == 200 and content["ports"] else f"{response.status} {content}"

        load = asyncio.create_task(drive(send, rate=40, seconds=10, clock=SystemClock()))
        for counts in (("ports=5", "laptops=3"), ("ports=1", "laptops=1")):
            code, out, err = await said("scale", *counts, "--system", system["system"])
            assert code == 0, err
            for each in counts:
                service, _, count = each.partition("=")
                assert sum(line.startswith(service) for line in out.splitlines()) == int(count)
        tally = await load
        assert (tally.sent, dict(tally.failures)) == (400, {})


async def test_two_run_side_by_side_in_the_background_and_are_told_apart() -> None:
    arguments = ("up", "--detach", *SMALL)
    async with Up(*arguments) as one, Up(*arguments) as other:
        systems = [await up.ready() for up in (one, other)]
        assert [await up.ended() for up in (one, other)] == [0, 0]
        code, _, err = await said("scale", "ports=2")
        assert code == 2
        assert "several systems are running" in err
        code, _, err = await said("scale", "shops=2", "--system", systems[0]["system"])
        assert (code, err) == (2, f"mesh: there is no service 'shops'; there are {', '.join(SYSTEM)}\n")
        for up, system in zip((one, other), systems, strict=True):
            assert up.processes()
            assert (await said("down", "--system", system["system"]))[0] == 0
            # The command itself is done with everything, and only has to exit.
            await up.gone()
        assert (await said("down", "--system", systems[0]["system"]))[0] == 2


async def test_what_a_killed_command_left_is_ended_by_the_next() -> None:
    async with Up("up", *SMALL) as up:
        await up.ready()
        up.signal(signal.SIGKILL)
        await up.ended()
        assert up.processes()
        async with Up("up", *SMALL) as other:
            await other.ready()
            await up.gone()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--scale", "ports=x"], "expected ports=N"),
        (["--only", "shop"], "there is no service 'shop'"),
        (["--gateway-port", "1", "--scale", "gateway=2"], "is for one gateway, not for 2"),
        (["--consul", "ftp://x"], "CONSUL_HTTP_ADDR"),
    ],
)
async def test_options_that_make_no_sense_start_nothing(arguments: list[str], sentence: str) -> None:
    code, out, err = await said("up", *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert sentence in err


async def test_a_gateway_port_that_is_taken_is_told_at_once(agent: aiohttp.ClientSession) -> None:
    assert agent._base_url
    code, _, err = await said("up", "--gateway-port", str(agent._base_url.port))
    assert code == 2
    assert "cannot be used: Address already in use" in err
