"""The agent of a test: one in memory, or a real one behind the same faults."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from urllib.parse import quote

import aiohttp
from aiohttp import web
from yarl import URL

from discovery.clock import Clock, SystemClock
from discovery.config import MeshConfig
from discovery.devagent.app import Devagent
from discovery.devagent.faults import Faults
from discovery.devagent.records import Service
from discovery.errors import Misused

# Said of the one connection between us and the agent, and not of what it said.
_OF_A_CONNECTION = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding", "date", "host"})
# As long as anybody may wait for a real agent to do what it is told.
_PATIENCE_S = 10.0

# Takes an instance's id, service, host and port.
Enter = Callable[[str, str, str, int], None]


class MeshAgent(Faults):
    """A Consul agent at ``url``, which misbehaves on command: see the methods, which :class:`Faults` has.

    ::

        ports = await mesh_service("ports", {"/ports": [{"id": 1}]})
        await seen(mesh, ports.instance)
        with mesh_agent.loses_leader():
            async with mesh.get("http://ports/ports") as response:
                assert response.status == 200
        mesh_agent.forgets()
    """

    def __init__(self, url: str, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self.url = url
        self._loop = asyncio.get_running_loop()
        self._enter: Enter

    def config(self, name: str = "test", **settings: Any) -> MeshConfig:
        """Settings for a mesh, or a server, that has this agent.

        Nobody waits for a drain, and nobody is waited for longer than a second; *settings* beat that::

            async with discovery.Mesh(mesh_agent.config("report", max_services=2)) as mesh:
                await mesh.names()
        """
        quick = {"drain_s": 0.0, "stop_s": 1.0, "lookup_timeout_s": 1.0}
        return MeshConfig(**{"name": name, "consul_url": self.url, **quick, **settings})

    def enter(self, service: str, host: str, port: int, *, id: str = "") -> None:
        """Register somebody who does not do it himself, without a check, at once.

        ::

            mesh_agent.enter("printer", "127.0.0.1", 9)
        """
        self._enter(id or f"{service}-{host}-{port}", service, host, port)

    def is_here(self) -> None:
        """Go on in the event loop of the agent.

        Raises:
            Misused: in another one, where nobody would ever be answered.
        """
        if asyncio.get_running_loop() is not self._loop:
            raise Misused(
                "the agent belongs to another event loop: let asyncio_default_fixture_loop_scope be the scope of the "
                "tests' own loop (asyncio_default_test_loop_scope, or loop_scope of the mark asyncio)"
            )

    def enters_by(self, enter: Enter) -> None:
        """Register by *enter*."""
        self._enter = enter


@asynccontextmanager
async def agent_in_memory(clock: Clock | None = None) -> AsyncIterator[MeshAgent]:
    """An agent of its own for the length of the block, in this loop.

    ::

        async with agent_in_memory() as agent, discovery.Mesh(agent.config("report")) as mesh:
            assert "consul" in await mesh.names()
    """
    clock = clock or SystemClock()
    agent = MeshAgent("", clock)
    async with Devagent(clock=clock, faults=agent) as devagent:
        agent.url = devagent.url

        def enter(instance_id: str, service: str, host: str, port: int) -> None:
            entry = Service(id=instance_id, name=service, address=host, port=port)
            devagent.agent.register(entry, (), replace_checks=False)

        agent.enters_by(enter)
        yield agent


@asynccontextmanager
async def agent_before(url: str, clock: Clock | None = None) -> AsyncIterator[MeshAgent]:
    """The real agent at *url*, behind faults; at the end of the block it knows nobody, and no key, any more."""
    real = _RealAgent(url)
    agent = MeshAgent("", clock)
    agent.stand_before(real.forget)
    agent.enters_by(real.enter)
    app = web.Application(middlewares=[agent.meet], client_max_size=2**26)
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                timeout=aiohttp.ClientTimeout(total=None),
                auto_decompress=False,
            )
        )

        async def forward(request: web.Request) -> web.Response:
            headers = {name: value for name, value in request.headers.items() if name.lower() not in _OF_A_CONNECTION}
            target = URL(f"{url}{request.rel_url.raw_path_qs}", encoded=True)
            sending = session.request(
                request.method, target, headers=headers, data=await request.read(), allow_redirects=False
            )
            async with sending as answer:
                said = answer.headers.items()
                kept = [(name, value) for name, value in said if name.lower() not in _OF_A_CONNECTION]
                return web.Response(status=answer.status, headers=dict(kept), body=await answer.read())

        app.router.add_route("*", "/{path:.*}", forward)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        stack.push_async_callback(runner.cleanup)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0]
        agent.url = f"http://{host}:{port}"
        stack.callback(real.clear)
        yield agent


class _RealAgent:
    """Asked without a loop: a fault begins when its method returns, as it does in memory."""

    def __init__(self, url: str) -> None:
        self._host, self._port = url.removeprefix("http://").split(":")

    def forget(self) -> None:
        for kind in ("service", "check"):
            for each in self._ask("GET", f"/v1/agent/{kind}s"):
                self._ask("PUT", f"/v1/agent/{kind}/deregister/{quote(each)}")

    def enter(self, instance_id: str, service: str, host: str, port: int) -> None:
        self._ask(
            "PUT", "/v1/agent/service/register", {"ID": instance_id, "Name": service, "Address": host, "Port": port}
        )

    def clear(self) -> None:
        self.forget()
        self._ask("DELETE", "/v1/kv/?recurse")

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        connection = http.client.HTTPConnection(self._host, int(self._port), timeout=_PATIENCE_S)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if answer.status != 200:
            raise RuntimeError(f"the agent answered {method} {path} by {answer.status} {text}")
        return json.loads(text) if text else None
