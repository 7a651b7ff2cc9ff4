"""A devagent as a process, and within one."""

from __future__ import annotations

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process

import aiohttp
import pytest

from discovery.devagent import Devagent


async def started(*words: str) -> Process:
    command = (sys.executable, "-m", "discovery.devagent", *words)
    return await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_process_says_where_it_is_and_ends_when_told(number: signal.Signals) -> None:
    process = await started("--port", "0")
    assert process.stdout is not None
    url = (await asyncio.wait_for(process.stdout.readline(), 30)).decode().strip()
    async with aiohttp.ClientSession(url) as session:
        async with session.get("/v1/status/leader") as response:
            assert f"http://{await response.json()}" == url
        async with asyncio.TaskGroup() as group:
            reader = group.create_task(outcome(session, "/v1/health/service/x?index=1000"))
            async with session.get("/v1/agent/self"):
                process.send_signal(number)
            out, err = await asyncio.wait_for(process.communicate(), 30)
    assert (process.returncode, out, err) == (0, b"", b"")
    assert reader.result() == "cut off"


async def outcome(session: aiohttp.ClientSession, path: str) -> str:
    try:
        async with session.get(path) as response:
            return str(response.status)
    except aiohttp.ClientError:
        return "cut off"


async def test_a_port_that_is_taken_is_an_error_in_one_line() -> None:
    async with Devagent() as agent:
        port = agent.url.rpartition(":")[2]
        process = await started("--port", port)
        _, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 1
    assert err.decode().startswith(f"devagent: cannot listen at 127.0.0.1:{port}: ")
    assert err.count(b"\n") == 1


async def test_it_listens_on_loopback_and_on_ipv6_when_told() -> None:
    async with Devagent() as agent:
        assert agent.url.startswith("http://127.0.0.1:")
    async with Devagent("::1") as agent, aiohttp.ClientSession(agent.url) as session:
        assert agent.url.startswith("http://[::1]:")
        async with session.get("/v1/catalog/nodes") as response:
            assert [node["Address"] for node in await response.json()] == ["::1"]


async def test_two_agents_know_nothing_of_each_other() -> None:
    async with Devagent() as one, Devagent() as other, aiohttp.ClientSession() as session:
        async with session.put(f"{one.url}/v1/kv/a", data="1") as response:
            assert await response.json() is True
        async with session.get(f"{other.url}/v1/kv/a") as response:
            assert response.status == 404


async def test_leaving_cuts_off_who_waits_and_leaves_no_task() -> None:
    before = asyncio.all_tasks()
    async with aiohttp.ClientSession() as session:
        async with Devagent() as agent:
            reader = asyncio.create_task(outcome(session, f"{agent.url}/v1/health/service/x?index=1000"))
            async with session.get(f"{agent.url}/v1/agent/self"):
                assert not reader.done()
        assert await asyncio.wait_for(reader, 10) == "cut off"
    assert asyncio.all_tasks() == before


async def test_a_reader_that_goes_away_is_forgotten_at_once() -> None:
    async with Devagent() as agent, aiohttp.ClientSession(agent.url) as session:
        before = len(asyncio.all_tasks())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await outcome(session, "/v1/health/service/x?index=1000")
        # The server learns of it by a round trip of the loop, not by the next change.
        for _ in range(100):
            async with session.get("/v1/agent/self"):
                pass
            if len(asyncio.all_tasks()) <= before + 1:
                break
        assert len(asyncio.all_tasks()) <= before + 1
