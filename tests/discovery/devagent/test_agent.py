"""What an agent does by itself as time passes: it makes checks, reaps, and repairs the catalog."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from random import Random

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from discovery.devagent.agent import Agent
from discovery.devagent.definitions import CheckDefinition
from discovery.devagent.records import Check, Service, Status
from discovery.testing.clock import FakeClock

PORTS = Service(id="ports-1", name="ports")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def agent(clock: FakeClock) -> AsyncIterator[Agent]:
    async with Agent("node", "127.0.0.1:8500", clock, Random(1)) as known:
        yield known


def ttl(seconds: float = 10, *, status: Status = Status.CRITICAL, after: float = 0) -> CheckDefinition:
    return CheckDefinition(id="alive", name="alive", ttl_s=seconds, status=status, deregister_after_s=after)


def catalogued(agent: Agent, check_id: str = "alive") -> Check:
    return agent.catalog.checks_of("node")[check_id].value


async def test_a_ttl_check_expires_when_nothing_is_heard(agent: Agent, clock: FakeClock) -> None:
    agent.register(PORTS, [ttl(10, status=Status.PASSING)], replace_checks=False)
    await clock.advance(9.9)
    assert catalogued(agent).status is Status.PASSING
    await clock.advance(0.1)
    assert (catalogued(agent).status, catalogued(agent).output) == (Status.CRITICAL, "TTL expired")


async def test_word_keeps_a_ttl_check_alive(agent: Agent, clock: FakeClock) -> None:
    agent.register(PORTS, [ttl(10)], replace_checks=False)
    for _ in range(5):
        await clock.advance(9)
        assert agent.hear("alive", Status.PASSING, "well")
    assert catalogued(agent).status is Status.PASSING
    await clock.advance(10)
    assert catalogued(agent).output == "TTL expired (last output before timeout follows): well"
    agent.hear("alive", Status.WARNING, "back")
    assert (catalogued(agent).status, catalogued(agent).output) == (Status.WARNING, "back")


async def test_registering_again_gives_a_ttl_check_its_time_again(agent: Agent, clock: FakeClock) -> None:
    agent.register(PORTS, [ttl(10, status=Status.PASSING)], replace_checks=False)
    await clock.advance(9)
    agent.register(PORTS, [ttl(10)], replace_checks=False)
    await clock.advance(9)
    assert catalogued(agent).status is Status.PASSING


async def test_what_is_critical_for_too_long_is_reaped(agent: Agent, clock: FakeClock) -> None:
    agent.register(PORTS, [ttl(10, after=60)], replace_checks=False)
    await clock.advance(10 + 60)
    assert "ports-1" in agent.local.services
    # The reaper comes every half minute.
    await clock.advance(30)
    assert (agent.local.services, agent.catalog.exists("ports")) == ({}, False)


async def test_saying_again_that_it_is_ill_gains_no_time(agent: Agent, clock: FakeClock) -> None:
    agent.register(PORTS, [ttl(3600, after=60)], replace_checks=False)
    for _ in range(5):
        agent.hear("alive", Status.CRITICAL, "ill")
        await clock.advance(20)
    assert agent.local.services == {}


async def test_what_recovers_in_time_is_not_reaped(agent: Agent, clock: FakeClock) -> None:
    agent.register(PORTS, [ttl(40, after=60)], replace_checks=False)
    for _ in range(5):
        await clock.advance(80)
        agent.hear("alive", Status.PASSING, "")
    assert "ports-1" in agent.local.services


async def test_maintenance_and_checks_without_a_limit_reap_nothing(agent: Agent, clock: FakeClock) -> None:
    agent.register(PORTS, [ttl(10)], replace_checks=False)
    agent.set_maintenance("ports-1", "", enabled=True)
    await clock.advance(3600)
    assert "ports-1" in agent.local.services


async def test_a_lost_entry_comes_back_within_a_minute(agent: Agent, clock: FakeClock) -> None:
    agent.register(PORTS, [ttl(3600)], replace_checks=False)
    agent.catalog.drop_service("node", "ports-1")
    agent.catalog.put_service("node", Service(id="stranger", name="stranger"))
    agent.catalog.put_check("node", Check(id="strange", name="strange", status=Status.PASSING))
    await clock.advance(60)
    assert agent.catalog.names() == ["consul", "ports"]
    assert set(agent.catalog.checks_of("node")) == {"alive", "serfHealth"}


async def test_a_node_that_was_taken_out_comes_back_with_all_that_is_on_it(agent: Agent, clock: FakeClock) -> None:
    agent.register(PORTS, [ttl(3600)], replace_checks=False)
    agent.catalog.drop_node("node")
    assert agent.catalog.names() == []
    agent.register(Service(id="new", name="new"), [], replace_checks=False)
    assert agent.catalog.names() == ["new"]
    await clock.advance(60)
    assert agent.catalog.names() == ["consul", "new", "ports"]
    assert set(agent.catalog.checks_of("node")) == {"alive", "serfHealth"}


async def test_new_words_of_a_check_reach_the_catalog_in_minutes(agent: Agent, clock: FakeClock) -> None:
    agent.register(PORTS, [ttl(3600)], replace_checks=False)
    agent.hear("alive", Status.PASSING, "first")
    agent.hear("alive", Status.PASSING, "second")
    await clock.advance(120)
    assert catalogued(agent).output == "first"
    # Half as much again as five minutes, and a minute for the one who looks.
    await clock.advance(450 + 60 - 120)
    assert catalogued(agent).output == "second"


async def test_an_idle_agent_moves_no_index(agent: Agent, clock: FakeClock) -> None:
    agent.register(PORTS, [ttl(7200)], replace_checks=False)
    before = agent.catalog.service_index("ports", with_checks=True)
    await clock.advance(3600)
    assert agent.catalog.service_index("ports", with_checks=True) == before


@pytest.fixture
async def asked() -> AsyncIterator[tuple[str, asyncio.Queue[str]]]:
    """A server, and the requests that reached it."""
    seen: asyncio.Queue[str] = asyncio.Queue()

    async def handler(request: web.Request) -> web.Response:
        seen.put_nowait(request.headers["User-Agent"])
        return web.Response(text="well")

    app = web.Application()
    app.router.add_get("/", handler)
    async with TestServer(app, host="127.0.0.1") as server:
        yield f"http://127.0.0.1:{server.port}/", seen


def http(url: str) -> CheckDefinition:
    return CheckDefinition(id="alive", name="alive", http=url, interval_s=10)


async def until(agent: Agent, status: Status) -> None:
    async with asyncio.timeout(10):
        while catalogued(agent).status is not status:
            await agent.patience.until(lambda: catalogued(agent).status is status, 1)


async def test_an_http_check_is_made_once_per_interval_from_a_random_moment_on(
    agent: Agent, clock: FakeClock, asked: tuple[str, asyncio.Queue[str]]
) -> None:
    url, seen = asked
    agent.register(PORTS, [http(url)], replace_checks=False)
    assert catalogued(agent).status is Status.CRITICAL
    for _ in range(3):
        await clock.advance(10)
        assert await asyncio.wait_for(seen.get(), 10) == "Consul Health Check"
        await until(agent, Status.PASSING)
        assert seen.empty()
    agent.deregister("ports-1")
    await clock.advance(30)
    assert seen.empty()


async def test_a_server_that_does_not_answer_in_time_is_critical(agent: Agent, clock: FakeClock) -> None:
    # Nobody accepts what the kernel has connected.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        definition = CheckDefinition(
            id="alive", name="alive", http=url, interval_s=10, timeout_s=20, status=Status.PASSING
        )
        agent.register(PORTS, [definition], replace_checks=False)
        await clock.advance(10)
        assert catalogued(agent).status is Status.PASSING
        await clock.advance(20)
    assert catalogued(agent).status is Status.CRITICAL
    assert catalogued(agent).output.endswith("(Client.Timeout exceeded while awaiting headers)")


async def test_leaving_ends_every_task(clock: FakeClock) -> None:
    before = asyncio.all_tasks()
    async with Agent("node", "127.0.0.1:8500", clock, Random(1)) as agent:
        agent.register(PORTS, [ttl(10), http("http://127.0.0.1:1/")], replace_checks=False)
        await clock.settle()
        assert asyncio.all_tasks() > before
    assert asyncio.all_tasks() == before
    assert clock.sleepers == 0
