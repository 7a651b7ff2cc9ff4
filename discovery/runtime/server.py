"""A server of the mesh: bind, prove, register, serve; deregister, keep serving, nack, finish, close.

aiohttp's own signals come too late for leaving in this order: when ``on_shutdown`` runs, the sockets are closed.
So this is a runner of our own, on aiohttp's public ones.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import web

from discovery import wire
from discovery.config import MeshConfig
from discovery.model import Instance
from discovery.observer import Observe, StateChanged
from discovery.policy.lifecycle import Lifecycle, advance
from discovery.registry.port import HttpCheck, Registry
from discovery.runtime import doorway, health, listener
from discovery.runtime.identity import identity
from discovery.runtime.inbound import Inbound
from discovery.runtime.mesh import Mesh, registry_of
from discovery.runtime.own_address import own_address
from discovery.runtime.registrar import Registrar
from discovery.runtime.surroundings import Surroundings
from discovery.runtime.tasks import Tasks

# Longer than any client of the mesh keeps one (15 s), so that it is the client who ends an idle connection. It is
# also aiohttp's only limit for the head of a request.
_KEEPALIVE_S = 75.0
# Strangers get less: a head that drips in holds a connection for so long.
_EDGE_KEEPALIVE_S = 10.0
_BACKLOG = 512
# Of the time for leaving, what handlers that did not finish by themselves get to clean up once they are cancelled.
_CLOSE_S = 1.0
_DEREGISTER_S = 3.0

MESH = web.AppKey("MESH", Mesh)
# Set when no new request is taken any more: what lasts by its nature, like a stream of events, has to end now.
LEAVING = web.AppKey("LEAVING", asyncio.Event)


@dataclass(frozen=True, slots=True)
class Server:
    """A server that is up: who it is, and its mesh. ``failed`` ends when registration may not go on."""

    instance: Instance
    mesh: Mesh
    failed: asyncio.Task[object]


@asynccontextmanager
async def serving(
    app: web.Application,
    config: MeshConfig,
    *,
    registry: Registry | None = None,
    observe: Observe | None = None,
    around: Surroundings | None = None,
    register: bool = True,
    sock: socket.socket | None = None,
) -> AsyncIterator[Server]:
    """Serve *app* as a member of the mesh while the block lasts; leave politely at its end.

    ::

        async def count(request: web.Request) -> web.Response:
            async with request.app[discovery.MESH].get("http://ports/ports") as response:
                return web.json_response(len(await response.json()))

        app.router.add_get("/count", count)
        async with discovery.serving(app, MeshConfig.from_env("laptops", drain_s=0)) as server:
            async with server.mesh.get("http://laptops/count") as response:
                print(server.instance.address, await response.json())

    What is not to *register* follows the others as any member does, and is found by nobody. A *sock* that was bound by
    somebody else is served in the place of the settings' host and port, and closed at the end.

    The app finds its mesh at ``app[discovery.MESH]``, and at ``app[discovery.LEAVING]`` what tells a stream to end.
    Serving does not wait for the registry: registration goes on in the background until it succeeds.

    Raises:
        ConfigError: when the port cannot be bound, or *sock* is none of TCP.
        RuntimeError: when *app* was served before, since aiohttp does not let one be set up twice.
    """
    if app.frozen:
        raise RuntimeError("this application was served before: make a new one for each server")
    around = around or Surroundings()
    bound, config = listener.bound(config, sock)
    with bound:
        own = await own_address(config, around.clock)
        instance = identity(config, own.host, bound.getsockname()[1], around.rng)
        with around.observed(observe, instance) as around:
            own.tell()
            registry = registry or registry_of(config)
            async with Mesh(config, registry, around=around) as mesh:
                membership = _Membership(app, config, instance, mesh, registry, around)
                async with membership.serving(bound, register=register) as server:
                    yield server


class _Membership:
    """The way of one server into the mesh and out of it."""

    def __init__(
        self,
        app: web.Application,
        config: MeshConfig,
        instance: Instance,
        mesh: Mesh,
        registry: Registry,
        around: Surroundings,
    ) -> None:
        self._app = app
        self._config = config
        self._me = health.Self(instance)
        self._mesh = mesh
        self._registry = registry
        self._around = around
        self._inbound = Inbound(app, self._me, mesh.settings, around, edge=config.edge)
        self._site: web.BaseSite | None = None
        self._close_s = min(_CLOSE_S, config.stop_s / 4)

    @asynccontextmanager
    async def serving(self, bound: socket.socket, *, register: bool) -> AsyncIterator[Server]:
        instance = self._me.instance
        self._equip()
        runner = web.AppRunner(
            self._app,
            keepalive_timeout=_EDGE_KEEPALIVE_S if self._config.edge else _KEEPALIVE_S,
            shutdown_timeout=self._close_s,
            access_log=None,
            handle_signals=False,
        )
        try:
            server = await doorway.set_up(runner, self._inbound.entering, self._inbound.under_way.left)
            await self._listen(runner, bound)
            self._become(Lifecycle.READY)
            async with aiohttp.ClientSession(trust_env=False) as session:
                registrar = Registrar(instance, self._check(), self._registry, session, self._around)
                keep = registrar.keep() if register else asyncio.Event().wait()
                keeping = asyncio.create_task(keep, name="registration")
                try:
                    async with Tasks() as tasks:
                        own = self._mesh.directory(instance.service)
                        tasks.start(registrar.keep_visible(own), "visibility")
                        yield Server(instance, self._mesh, keeping)
                finally:
                    try:
                        await self._leave(registrar, keeping, server)
                    finally:
                        await _completed(self._cut())
        finally:
            await _completed(runner.cleanup())
            self._become(Lifecycle.STOPPED)

    async def _listen(self, runner: web.AppRunner, bound: socket.socket) -> None:
        site = web.SockSite(runner, bound, backlog=_BACKLOG)
        try:
            await site.start()
        except OSError as error:  # two may bind one port; only one of them can listen
            raise listener.cannot_listen(self._config, error) from error
        self._site = site

    async def _stop_listening(self) -> None:
        site, self._site = self._site, None
        if site is not None:
            await site.stop()

    def _equip(self) -> None:
        self._app[MESH] = self._mesh
        self._app[LEAVING] = asyncio.Event()
        # The first, so that an application has the last word on its answers.
        self._app.on_response_prepare.insert(0, self._inbound.sign)
        about_health = self._inbound.about_health
        self._app.router.add_get(wire.LIVE_PATH, about_health(health.live))
        self._app.router.add_get(wire.READY_PATH, about_health(health.ready(self._me, self._around.clock)))

    def _check(self) -> HttpCheck:
        instance = self._me.instance
        return HttpCheck(
            url=f"http://{instance.address}{wire.check_path(instance.id)}",
            interval_s=self._config.check_interval_s,
            timeout_s=self._config.check_timeout_s,
            deregister_after_s=self._config.deregister_after_s,
        )

    async def _leave(self, registrar: Registrar, keeping: asyncio.Task[object], server: web.Server) -> None:
        """Leave in an order that loses no request; ``stop_s`` caps the whole of it.

        Who neither sent a registration nor was asked for anything has nobody to wait for. Without a registration
        requests may come from those who still believe in a predecessor at this address.
        """
        clock = self._around.clock
        keeping.cancel()
        try:
            async with clock.timeout(self._config.stop_s - self._close_s):
                try:
                    await asyncio.wait([keeping])
                    known = await registrar.leave(min(_DEREGISTER_S, self._config.stop_s / 2))
                finally:
                    self._become(Lifecycle.DRAINING)
                if known or self._inbound.was_asked(server.requests_count):
                    await clock.sleep(self._config.drain_s)
                self._refuse()
                await self._inbound.under_way.idle()
                # What was handled may still be on its way to a slow reader; idle connections end at once. aiohttp
                # forgets those that come meanwhile, so nobody may.
                await self._stop_listening()
                server.pre_shutdown()
                await server.shutdown()
        except TimeoutError:
            self._refuse()

    async def _cut(self) -> None:
        """End what did not end by itself. Nobody may connect any more, or who is cut off would be back at once."""
        await self._stop_listening()
        await self._inbound.goodbyes.said(self._close_s / 2)
        await self._inbound.under_way.cut(self._close_s / 2)

    def _refuse(self) -> None:
        if not self._inbound.refusing:
            self._inbound.refusing = True
            self._app[LEAVING].set()
            self._inbound.goodbyes.say()

    def _become(self, state: Lifecycle) -> None:
        self._me.state = advance(self._me.state, state)
        self._around.observer.notify(StateChanged(self._me.instance, state))


async def _completed(closing: Coroutine[Any, Any, None]) -> None:
    """Await to the end what is bounded in time, and would leave connections open if it were cut short."""
    task = asyncio.create_task(closing)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
