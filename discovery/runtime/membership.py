"""The way of one server into the mesh and out of it, in an order in which no request is lost."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, nullcontext
from typing import Any

import aiohttp
from aiohttp import web

from discovery import wire
from discovery.config import MeshConfig
from discovery.model import Instance
from discovery.observer import StateChanged
from discovery.policy.lifecycle import Lifecycle, advance
from discovery.registry.port import HttpCheck, Registry
from discovery.runtime import health, own_check
from discovery.runtime.inbound import Inbound
from discovery.runtime.mesh import Mesh
from discovery.runtime.registrar import Registrar
from discovery.runtime.site import Site
from discovery.runtime.surroundings import Surroundings
from discovery.runtime.tasks import Tasks

# What is kept of the time for leaving, for those who do not end by themselves: half for handlers that are cancelled and
# websockets that are closed, a quarter for what the application closes, the rest for connections and telemetry.
_CLOSE_S = 4.0
_DEREGISTER_S = 3.0


class Membership:
    """The way of one server into the mesh and out of it. *leaving* is set when it is out of the registry."""

    def __init__(
        self,
        app: web.Application,
        config: MeshConfig,
        instance: Instance,
        mesh: Mesh,
        registry: Registry,
        around: Surroundings,
        leaving: asyncio.Event,
    ) -> None:
        self._app = app
        self._config = config
        self._me = health.Self(instance)
        self._mesh = mesh
        self._registry = registry
        self._around = around
        self._inbound = Inbound(app, self._me, mesh.settings, around, config)
        self._leaving = leaving
        self._close_s = min(_CLOSE_S, config.stop_s / 4)
        self._site = Site(app, config, self._inbound, around.clock, self._close_s / 4)
        self._left_by: float | None = None  # when all of it is to be over

    @asynccontextmanager
    async def serving(self, bound: socket.socket, *, register: bool) -> AsyncIterator[asyncio.Task[object]]:
        """Serve while the block lasts; yields what ends when registration may not go on."""
        instance = self._me.instance
        # The first, so that an application has the last word on its answers.
        self._app.on_response_prepare.insert(0, self._inbound.sign)
        try:
            await self._site.open(bound)
            self._become(Lifecycle.READY)
            async with aiohttp.ClientSession(trust_env=False) as session:
                check = self._check()
                registrar = Registrar(instance, check, self._registry, session, self._around, self._mesh.reach)
                keep = registrar.keep() if register else asyncio.Event().wait()
                keeping: asyncio.Task[object] = asyncio.create_task(keep, name="registration")
                try:
                    async with Tasks() as tasks:
                        own = self._mesh.directory(instance.service)
                        tasks.start(registrar.keep_visible(own), "visibility")
                        tasks.start(own_check.look(instance, check, own, self._registry, self._around), "own check")
                        tasks.start(registrar.keep_current(), "changes")
                        # In the mesh a request ends at its deadline; a stranger's would wait for as long as he likes.
                        if self._config.edge:
                            tasks.start(self._inbound.shedding.watch(), "shedding")
                        with self._mesh.enrolled(registrar.own) if register else nullcontext():
                            yield keeping
                finally:
                    try:
                        await self._leave(registrar, keeping)
                    finally:
                        await _completed(self._cut())
        finally:
            await _completed(self._close())
            self._become(Lifecycle.STOPPED)

    def _check(self) -> HttpCheck:
        instance = self._me.instance
        return HttpCheck(
            url=f"{instance.origin}{wire.check_path(instance.id)}",
            interval_s=self._config.check_interval_s,
            timeout_s=self._config.check_timeout_s,
            deregister_after_s=self._config.deregister_after_s,
        )

    async def _leave(self, registrar: Registrar, keeping: asyncio.Task[object]) -> None:
        """Leave in an order that loses no request; ``stop_s`` caps the whole of it.

        Who neither sent a registration nor was asked for anything has nobody to wait for. Without a registration
        requests may come from those who still believe in a predecessor at this address.
        """
        clock = self._around.clock
        self._left_by = clock.now() + self._config.stop_s - self._close_s / 4
        keeping.cancel()
        try:
            async with clock.timeout(self._config.stop_s - self._close_s):
                try:
                    await asyncio.wait([keeping])
                    known = await registrar.leave(min(_DEREGISTER_S, self._config.stop_s / 2))
                finally:
                    self._become(Lifecycle.DRAINING)
                    self._say_goodbye()
                if known or self._inbound.was_asked(self._site.requests):
                    await clock.sleep(self._config.drain_s)
                self._refuse()
                await self._inbound.under_way.idle()
                await self._site.finish()
        except TimeoutError:
            self._refuse()

    async def _cut(self) -> None:
        """End what did not end by itself. Nobody may connect any more, or who is cut off would be back at once."""
        await self._site.stop_listening()
        await self._inbound.goodbyes.said(self._close_s / 4)
        await self._inbound.under_way.cut(self._close_s / 4)

    async def _close(self) -> None:
        least_s = self._close_s / 4
        # One that never came so far has nobody to say goodbye to.
        left_s = least_s if self._left_by is None else self._left_by - self._around.clock.now()
        await self._site.close(max(least_s, left_s))

    def _say_goodbye(self) -> None:
        self._inbound.leaving = True
        self._leaving.set()
        self._inbound.goodbyes.begin(self._config.drain_s)

    def _refuse(self) -> None:
        if not self._inbound.refusing:
            self._inbound.refusing = True
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
