"""Serving one agent over HTTP: ``async with Devagent() as agent: ... agent.url``."""

from __future__ import annotations

import socket
from contextlib import AsyncExitStack
from random import Random
from types import TracebackType
from typing import Self

from aiohttp import web

from discovery.clock import Clock, SystemClock
from discovery.devagent.agent import Agent
from discovery.devagent.api import AGENT, manners
from discovery.devagent.faults import Faults
from discovery.devagent.routes import (
    agent,
    agent_checks,
    agent_health,
    catalog,
    events,
    fault,
    health,
    kv,
    page,
    status,
)

_GROUPS = (agent, agent_checks, agent_health, catalog, events, health, kv, page, status)

# Blocking reads end with the agent, as they do when a real one is stopped.
_LAST_ANSWERS_S = 0.1


class Devagent:
    """A Consul agent in memory, for development and tests. Port 0 takes any free one; ``url`` says which.

    With *faults* it misbehaves as those say, or as whoever asks from this host says at ``/v1/devagent/fault``.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        clock: Clock | None = None,
        rng: Random | None = None,
        faults: Faults | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._clock = clock or SystemClock()
        self._rng = rng or Random()
        self._faults = faults

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            listening = stack.enter_context(_bound(self._host, self._port))
            address = _shown(*listening.getsockname()[:2])
            app = web.Application(middlewares=[manners])
            app[AGENT] = self.agent = await stack.enter_async_context(
                Agent("devagent", address, self._clock, self._rng)
            )
            app.add_routes(route for group in _GROUPS for route in group.ROUTES)
            if self._faults is not None:
                self._faults.stand_before(self.agent.forget)
                app.middlewares.insert(0, self._faults.meet)
                app[fault.FAULTS] = self._faults
                app.add_routes(fault.ROUTES)
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=_LAST_ANSWERS_S, handler_cancellation=True)
            stack.push_async_callback(runner.cleanup)
            await runner.setup()
            await web.SockSite(runner, listening).start()
            self.url = f"http://{address}"
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()


def _bound(host: str, port: int) -> socket.socket:
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    return socket.create_server(address[:2], family=family)


def _shown(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
