"""A fault is healed whatever happens in its block, and a system is whole when everybody who looks says so, twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from discovery.clock import SystemClock
from discovery.testing.clock import FakeClock
from launcher.stack.container import Container
from launcher.stack.engine import Engine
from launcher.stack.failures import DockerFailed
from launcher.stack.faults import Unmet, disconnected, endure, killed, paused, stopped, whole
from launcher.stack.stack import Stack
from launcher.stack.traffic import laptop


def container(service: str, number: int = 1, health: str = "healthy") -> Container:
    name = f"it-{service}-{number}"
    return Container(name=name, service=service, number=number, state="running", health=health, exit_code=0)


class Remembered(Stack):
    """A stack that remembers what it was told to do, of containers as a test has them."""

    def __init__(self, containers: Sequence[Container] = (), consul: str = "") -> None:
        engine = Engine({}, ("docker", "compose"), SystemClock())
        super().__init__(engine, "it", tell=lambda _: None)
        self.members = list(containers)
        self.consul = consul
        self.done: list[str] = []

    async def containers(self, service: str = "") -> list[Container]:
        return [each for each in self.members if service in {"", each.service}]

    async def url(self, service: str, private: int) -> str:
        return self.consul

    async def kill(self, container: Container) -> None:
        self.done.append("kill")

    async def stop(self, container: Container) -> None:
        self.done.append("stop")

    async def start(self, container: Container) -> None:
        self.done.append("start")

    async def pause(self, container: Container) -> None:
        self.done.append("pause")

    async def unpause(self, container: Container) -> None:
        self.done.append("unpause")

    async def disconnect(self, container: Container, network: str = "microservices") -> None:
        self.done.append("disconnect")

    async def connect(self, container: Container, network: str = "microservices") -> None:
        self.done.append("connect")


@pytest.mark.parametrize(
    ("fault", "done"),
    [
        (killed, ["kill", "start"]),
        (stopped, ["stop", "start"]),
        (paused, ["pause", "unpause"]),
        (disconnected, ["disconnect", "connect"]),
    ],
)
async def test_a_fault_is_healed_also_when_its_block_fails(
    fault: Callable[[Stack, Container], AbstractAsyncContextManager[None]], done: list[str]
) -> None:
    stack = Remembered()
    with pytest.raises(ZeroDivisionError):
        async with fault(stack, container("ports")):
            raise ZeroDivisionError
    assert stack.done == done


class Refused(Remembered):
    """A stack whose engine strikes, and says that it could not; what it does after that fails, too."""

    async def pause(self, container: Container) -> None:
        await super().pause(container)
        raise DockerFailed(("docker", "pause"), "no end in 60 s", ())

    async def unpause(self, container: Container) -> None:
        await super().unpause(container)
        raise DockerFailed(("docker", "unpause"), "is not paused", ())


async def test_a_strike_that_failed_halfway_is_healed_and_told() -> None:
    stack = Refused()
    with pytest.raises(DockerFailed, match="no end in 60 s"):
        async with paused(stack, container("ports")):
            pytest.fail("the block was entered")
    assert stack.done == ["pause", "unpause"]


class Consul:
    """Says how many instances of each service pass."""

    def __init__(self, **passing: int) -> None:
        self.passing = passing
        self.asked = asyncio.Event()

    async def state(self, _: web.Request) -> web.Response:
        self.asked.set()
        return web.json_response([{"ServiceName": name} for name, count in self.passing.items() for _ in range(count)])

    def server(self) -> TestServer:
        app = web.Application()
        app.router.add_get("/v1/health/state/passing", self.state)
        return TestServer(app)


async def moved(clock: FakeClock, waiting: asyncio.Task[None]) -> None:
    """Let time pass while there is something to wait for."""
    while not waiting.done():
        await clock.advance(0.3)
        await SystemClock().sleep(0.001)


async def test_a_system_is_whole_when_all_are_well_and_consul_has_each() -> None:
    consul, clock = Consul(ports=2, laptops=1), FakeClock()
    async with consul.server() as server:
        stack = Remembered([container("ports"), container("ports", 2), container("laptops")], str(server.make_url("/")))
        waiting = asyncio.create_task(whole(stack, clock))
        await moved(clock, waiting)
        await waiting


@pytest.mark.parametrize(
    ("health", "passing", "missing"), [("unhealthy", 1, "it-ports-1: running"), ("healthy", 0, "1 of ports in Consul")]
)
async def test_who_is_missing_is_told(health: str, passing: int, missing: str) -> None:
    consul, clock = Consul(ports=passing), FakeClock()
    async with consul.server() as server:
        stack = Remembered([container("ports", health=health)], str(server.make_url("/")))
        waiting = asyncio.create_task(whole(stack, clock))
        await moved(clock, waiting)
        with pytest.raises(Unmet, match=missing):
            await waiting


async def test_a_system_that_was_whole_for_a_moment_is_waited_for_again() -> None:
    consul, clock = Consul(ports=1), FakeClock()
    async with consul.server() as server:
        stack = Remembered([container("ports")], str(server.make_url("/")))
        waiting = asyncio.create_task(whole(stack, clock))
        await consul.asked.wait()
        consul.passing = {}
        for _ in range(20):
            await clock.advance(0.3)
            await SystemClock().sleep(0.001)
        assert not waiting.done()
        consul.passing = {"ports": 1}
        await moved(clock, waiting)
        await waiting


async def test_what_a_fault_cost_while_it_held_is_told_apart_from_all_that_it_cost() -> None:
    clock, rate = FakeClock(), 10.0
    stack = Remembered([container("ports")])

    async def choose() -> Container:
        return stack.members[0]

    async def read(_: web.Request) -> web.Response:
        return web.json_response({"ports": [1]})

    app = web.Application()
    app.router.add_get("/api/laptops/{id}", read)
    app.router.add_get("/v1/health/state/passing", Consul(ports=1).state)
    async with TestServer(app) as server:
        stack.consul = str(server.make_url("/"))
        enduring = asyncio.create_task(endure(stack, paused, choose, read=laptop, rate=rate, hold_s=3, clock=clock))
        while not enduring.done():
            await clock.advance(0.1)
            await SystemClock().sleep(0.001)
        toll = await enduring
    assert stack.done == ["pause", "unpause"]
    assert toll.held.sent == 3 * rate
    assert toll.in_all.sent > toll.held.sent
    assert not toll.in_all.failures
