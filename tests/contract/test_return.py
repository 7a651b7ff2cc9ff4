"""A process of the mesh whose agent is stopped, and started again with nothing in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

import discovery
from discovery.devagent import Devagent
from discovery.observer import Registered, WatchFailed
from discovery.registry.transport import Carrier
from discovery.testing.consul import running_consul
from discovery.testing.observer import RecordingObserver
from launcher.local.consul_choice import free_ports
from tests.contract.agents import consul_program

SERVICES = [f"followed-{number}" for number in range(100)]
# As long as a machine under load may take for what takes an idle one two or three seconds.
PATIENCE_S = 60.0

Start = Callable[[], AbstractAsyncContextManager[str]]


@pytest.fixture(params=["devagent", pytest.param("consul", marks=pytest.mark.consul)])
def start(request: pytest.FixtureRequest, tmp_path: Path) -> Start:
    """Starts an agent, always at the same address."""
    ports = {**dict(zip(("http", "server", "serf_lan", "serf_wan"), free_ports(4), strict=True)), "dns": -1}

    @asynccontextmanager
    async def devagent() -> AsyncIterator[str]:
        async with Devagent(port=ports["http"]) as agent:
            yield agent.url

    @asynccontextmanager
    async def consul() -> AsyncIterator[str]:
        with ExitStack() as stack:
            # It takes a while, in which what waits for it goes on.
            yield await asyncio.to_thread(
                stack.enter_context, running_consul(consul_program(), tmp_path, {"ports": ports})
            )

    return devagent if request.param == "devagent" else consul


class Agents:
    """One agent after the other."""

    def __init__(self, start: Start) -> None:
        self._start = start
        self._stack = AsyncExitStack()

    async def start(self) -> str:
        return await self._stack.enter_async_context(self._start())

    async def stop(self) -> None:
        await self._stack.aclose()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every request to an agent that was begun."""
    begun: list[str] = []
    carries = Carrier._request

    async def counted(self: Carrier, callback: Any, method: str, uri: str, *rest: Any, **more: Any) -> Any:
        begun.append(f"{method} {uri}")
        return await carries(self, callback, method, uri, *rest, **more)

    monkeypatch.setattr(Carrier, "_request", counted)
    return begun


async def test_a_process_is_back_in_a_registry_that_has_forgotten_everything(start: Start, asked: list[str]) -> None:
    observer = RecordingObserver()
    around = discovery.Surroundings(observer=observer)
    clock = around.clock

    async def hello(_: web.Request) -> web.Response:
        return web.Response(text="hello")

    app = web.Application()
    app.router.add_get("/", hello)
    agents = Agents(start)
    try:
        config = discovery.MeshConfig(name="back-again", consul_url=await agents.start(), drain_s=0, max_services=200)
        async with discovery.serving(app, config, around=around) as server:
            mesh = server.mesh
            for service in SERVICES:
                mesh.directory(service)
            await until(lambda: len(observer.told(Registered)) == 1 and all(map(mesh.view, SERVICES)))
            await until(lambda: bool((view := mesh.view("back-again")) and view.instances))

            await agents.stop()
            gone = {f"service {service}" for service in SERVICES}
            await until(lambda: gone <= {failed.what for failed in observer.told(WatchFailed)})
            before, began = len(asked), clock.now()
            for _ in range(30):
                await clock.sleep(0.1)
                async with mesh.get("http://back-again/") as response:
                    assert response.status == 200
            # Twice a second, and sooner at first.
            assert len(asked) - before <= 2 * (clock.now() - began) + 5

            await agents.start()
            returned, before = clock.now(), len(asked)
            await until(lambda: len(observer.told(Registered)) >= 2)
            await until(lambda: all(view and view.as_of >= returned for view in map(mesh.view, SERVICES)))
            # A read, its confirmation since there is nobody, and the next one, which waits; and a few about ourselves.
            assert len(asked) - before <= 3 * len(SERVICES) + 30
            await until(lambda: bool((view := mesh.view("back-again")) and view.as_of >= returned and view.instances))
            async with mesh.get("http://back-again/") as response:
                assert response.status == 200
    finally:
        await agents.stop()


async def until(seen: Callable[[], bool]) -> None:
    """Look again and again; what takes so long is not going to happen."""
    clock = discovery.Surroundings().clock
    async with clock.timeout(PATIENCE_S):
        while not seen():
            await clock.sleep(0.02)
