"""Real little servers that are members of the mesh, remember what they were sent, and misbehave on command."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any

from aiohttp import web

from discovery import wire
from discovery.clock import Clock
from discovery.devagent.faults import Fault, check_lag, check_refusal
from discovery.model import Instance
from discovery.observer import NULL
from discovery.runtime.mesh import Mesh
from discovery.runtime.server import serving
from discovery.runtime.surroundings import Surroundings
from discovery.testing import misbehaviour
from discovery.testing.agent import MeshAgent
from discovery.testing.misbehaviour import Misbehaviour
from discovery.testing.received import Received
from discovery.testing.steered import SteeredRegistry

# Far more than a registration takes, and little enough for somebody who waits.
_PATIENCE_S = 10.0

_HEALTH = frozenset({wire.LIVE_PATH, wire.READY_PATH})

# JSON, or a handler, by "/path" (GET) or "METHOD /path".
Routes = Mapping[str, Any]


class MeshService:
    """One instance of a service: a real server, registered like any other. ``mesh_service`` makes it.

    Its misbehaviours begin when their method is called, and last until :meth:`recovers`, the end of the block of what
    the method returned, or so many requests (*times*). Its health check passes all the while::

        ports = await mesh_service("ports", {"/ports": [{"id": 1}]})
        with ports.resets(times=1):
            async with mesh.get("http://ports/ports") as response:
                assert response.status == 200
        assert [request.path for request in ports.requests] == ["/ports", "/ports"]
    """

    def __init__(self, name: str, app: web.Application, agent: MeshAgent, clock: Clock, *, keeps_bodies: bool) -> None:
        self.name = name
        self.app = app
        self.requests: list[Received] = []
        self.instance: Instance
        self.mesh: Mesh
        self._agent = agent
        self._clock = clock
        self._keeps_bodies = keeps_bodies
        self._stack = AsyncExitStack()
        self._registry: SteeredRegistry
        self._does: Misbehaviour | None = None
        self._times: int | None = None
        # That of the misbehaviour in force, or of the last one; each has its own.
        self._over = asyncio.Event()
        self._under_way: list[web.Request] = []

    @property
    def address(self) -> str:
        """Its ``host:port``."""
        return self.instance.address

    async def start(self, settings: Mapping[str, Any]) -> None:
        """Serve, and return when the agent shows it.

        Raises:
            TimeoutError: when that does not happen within 10 s.
        """
        self.app.middlewares.insert(0, self._meet)
        config = self._agent.config(self.name, **settings)
        self._registry = SteeredRegistry(config)
        serving_it = serving(self.app, config, registry=self._registry, around=Surroundings(observer=NULL))
        server = await self._stack.enter_async_context(serving_it)
        self.instance, self.mesh = server.instance, server.mesh
        await seen(self.mesh, self.instance)

    async def stop(self) -> None:
        """Leave politely, and at once; no more than once."""
        self.recovers()
        await self._stack.aclose()

    async def dies(self) -> None:
        """End without a word, as by SIGKILL: what is under way breaks off, connections are refused.

        The entry stays until its check fails.
        """
        self._registry.silent = True
        self.resets()  # whoever comes before it listens no more
        for request in self._under_way:
            if request.transport is not None:
                request.transport.abort()
        await self._stack.aclose()

    async def lingers(self) -> None:
        """Leave the registry, and go on serving whoever comes."""
        await self._registry.deregister(self.instance.id)
        self._registry.silent = True

    def resets(self, times: int | None = None) -> Fault:
        """Break the connection of a request off: nobody can tell whether it was acted on."""
        return self._begin(misbehaviour.resets, times)

    def breaks_bodies(self, times: int | None = None) -> Fault:
        """Begin an answer, and close the connection in its midst."""
        return self._begin(misbehaviour.breaks_body, times)

    def never_answers(self, times: int | None = None) -> Fault:
        """Say nothing, until this is over."""
        over = asyncio.Event()
        return self._begin(misbehaviour.never_answers(over), times, over)

    def refuses(self, status: int = 503, times: int | None = None) -> Fault:
        """Answer by *status*."""
        check_refusal(status)
        return self._begin(misbehaviour.refuses(status), times)

    def drains(self, times: int | None = None) -> Fault:
        """Refuse as a server that is leaving: nothing was processed, another instance may have it, even a POST."""
        return self._begin(misbehaviour.drains, times)

    def lags(self, seconds: float, times: int | None = None) -> Fault:
        """Take so many *seconds* longer."""
        check_lag(seconds)
        return self._begin(misbehaviour.lags(seconds, self._clock), times)

    def recovers(self) -> None:
        """Behave again; whoever waits for an answer gets it."""
        self._does = None
        self._over.set()

    def _begin(self, does: Misbehaviour, times: int | None, over: asyncio.Event | None = None) -> Fault:
        if times is not None and (type(times) is not int or times < 1):
            raise ValueError(f"times is for how many requests, a whole number from 1 on, got {times!r}")
        self.recovers()  # it takes the place of the one before, for which somebody may wait
        self._over = mine = over or asyncio.Event()
        self._does, self._times = does, times
        return Fault(lambda: self.recovers() if self._over is mine else None)

    @web.middleware
    async def _meet(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if request.path in _HEALTH:
            return await handler(request)
        self.requests.append(Received.of(request, await request.read() if self._keeps_bodies else b""))
        does = self._does
        if does is not None and self._times is not None:
            self._times -= 1
            if self._times == 0:
                self._does = None
        self._under_way.append(request)
        try:
            answer = await does(request) if does is not None else None
            return answer if answer is not None else await handler(request)
        finally:
            self._under_way.remove(request)


class ServiceFactory:
    """What the fixture ``mesh_service`` is: call it, and there is an instance more of a service.

    ::

        ports = await mesh_service("ports", {"/ports": [{"id": 1}], "POST /ports": {"id": 2}}, tags=("v2",))
        async with mesh.get("http://ports/ports") as response:
            assert await response.json() == [{"id": 1}]
    """

    def __init__(self, agent: MeshAgent, clock: Clock) -> None:
        self._agent = agent
        self._clock = clock
        self._services: list[MeshService] = []

    async def __call__(self, name: str, serves: Routes | web.Application, /, **settings: Any) -> MeshService:
        """Start an instance of the service *name*, and return when the agent shows it.

        It *serves* an application, which finds its mesh at ``app[discovery.MESH]``; or JSON and handlers by their
        paths, ``"/ports"`` or ``"POST /ports"``. Bodies of requests are remembered in the second case: those of an
        application are its own. The *settings* are those of :class:`discovery.MeshConfig`.
        """
        self._agent.is_here()
        if not isinstance(serves, (web.Application, Mapping)):
            raise TypeError(f"a service serves a web.Application, or answers by their paths in a dict, got {serves!r}")
        keeps_bodies = not isinstance(serves, web.Application)
        app = serves if isinstance(serves, web.Application) else _application(serves)
        service = MeshService(name, app, self._agent, self._clock, keeps_bodies=keeps_bodies)
        self._services.append(service)
        await service.start(settings)
        return service

    async def stop(self) -> None:
        """End all of them, the last first; the agent recovers before, or each would wait for it."""
        self._agent.recovers()
        async with AsyncExitStack() as stack:
            for service in self._services:
                stack.push_async_callback(service.stop)


async def seen(mesh: Mesh, instance: Instance, *, gone: bool = False) -> None:
    """Return when *mesh* knows of *instance*, or knows no more of it when it is to be *gone*.

    ::

        await ports.stop()
        await seen(mesh, ports.instance, gone=True)

    Raises:
        TimeoutError: when that does not happen within 10 s.
    """
    try:
        async with asyncio.timeout(_PATIENCE_S):
            async for view in mesh.watch(instance.service):
                if any(each.id == instance.id for each in view.instances) is not gone:
                    return
    except TimeoutError:
        what = f"{instance.id} is {'still' if gone else 'not yet'} there after {_PATIENCE_S:g} s"
        raise TimeoutError(f"{what}: was the agent told to misbehave?") from None


def _application(routes: Routes) -> web.Application:
    app = web.Application()
    for route, serves in routes.items():
        method, _, path = route.rpartition(" ")
        if not path.startswith("/"):
            raise ValueError(f"a route is '/path', which is GET, or 'METHOD /path', got {route!r}")
        if not callable(serves):
            json.dumps(serves)  # what cannot be sent is said here, and not by a 500
        app.router.add_route(method or "GET", path, serves if callable(serves) else _says(serves))
    return app


def _says(value: Any) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response(value)

    return answer
