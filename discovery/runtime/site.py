"""Where a server takes requests, on aiohttp's public runner: it listens once its application is set up.

It ends in steps, for leaving the mesh in aiohttp's own order would be too late: when ``on_shutdown`` runs, the sockets
are closed.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Coroutine
from typing import Any

from aiohttp import web

from discovery.clock import Clock
from discovery.config import MeshConfig
from discovery.runtime import certificate, doorway, listener
from discovery.runtime.connection import Connection, EdgeConnection
from discovery.runtime.connections import Connections
from discovery.runtime.inbound import Inbound

logger = logging.getLogger(__name__)

# Longer than any client of the mesh keeps one (15 s), so that it is the client who ends an idle connection. It is
# also aiohttp's only limit for the head of a request.
_KEEPALIVE_S = 75.0
# What is cut off gets a turn of the event loop, or a few.
_CUT_S = 0.05
# Strangers get less: a head that drips in holds a connection for so long, and on a busy machine for a little longer,
# where 10 s are the most.
_EDGE_KEEPALIVE_S = 9.0
# What is still to come of a body that was refused is read for so long, or the refusal might be lost.
_EDGE_LINGERING_S = 3.0
# Who takes nothing of what was sent for so long is cut off, by the system, where that can do it: aiohttp would keep an
# answer for him for ever.
_EDGE_UNTAKEN_S = 30.0
_EDGE_CONNECTIONS = 4096


class _Runner(web.AppRunner):
    """Lets the application's ``on_shutdown`` have *shutdown_s*, which would else keep ``on_cleanup`` from its turn."""

    __slots__ = ("clock", "shutdown_s")

    clock: Clock
    shutdown_s: float

    async def shutdown(self) -> None:
        await within(super().shutdown(), self.shutdown_s, self.clock, "on_shutdown")


class Site:
    """One application on one socket. What handlers that are cancelled get to clean up is *close_s*."""

    _server: web.Server

    def __init__(
        self, app: web.Application, config: MeshConfig, inbound: Inbound, clock: Clock, close_s: float
    ) -> None:
        self._config = config
        self._inbound = inbound
        limits: dict[str, Any] = {
            "max_line_size": config.max_line_size,
            "max_field_size": config.max_field_size,
            "lingering_time": _EDGE_LINGERING_S if config.edge else None,
        }
        self._clock = clock
        self._runner = _Runner(
            app,
            keepalive_timeout=_EDGE_KEEPALIVE_S if config.edge else _KEEPALIVE_S,
            shutdown_timeout=close_s / 2,
            access_log=None,
            handle_signals=False,
            **{name: limit for name, limit in limits.items() if limit is not None},
        )
        self._site: web.BaseSite | None = None
        self._connections = Connections(config.max_connections or (_EDGE_CONNECTIONS if config.edge else None))

    @property
    def requests(self) -> int:
        """How many came, those about our health included."""
        return self._server.requests_count

    async def open(self, bound: socket.socket) -> None:
        """Start the application, and then listen.

        Raises:
            ConfigError: when somebody else listens there, the certificate cannot be used, or the application has a
                route that is ours.
        """
        tls = certificate.shown(self._config)
        doorway.bound_bodies(self._runner.app, self._config.client_max_size)
        connection = EdgeConnection if self._config.edge else Connection
        self._server = await doorway.set_up(
            self._runner, self._inbound.entering, self._connections.came, self._left, connection
        )
        self._inbound.open()
        if self._config.edge and hasattr(socket, "TCP_USER_TIMEOUT"):
            bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(_EDGE_UNTAKEN_S * 1000))
        site = web.SockSite(self._runner, bound, backlog=self._config.backlog, ssl_context=tls)
        try:
            await site.start()
        except OSError as error:  # two may bind one port; only one of them can listen
            raise listener.cannot_listen(self._config, error) from error
        self._site = site

    def _left(self, connection: web.RequestHandler) -> None:
        self._connections.left(connection)
        self._inbound.under_way.left(connection)

    async def stop_listening(self) -> None:
        """Let nobody connect any more."""
        site, self._site = self._site, None
        if site is not None:
            await site.stop()

    async def finish(self) -> None:
        """Wait until every answer has gone out: one may still be on its way to a slow reader. Idle connections end."""
        # aiohttp forgets those that come meanwhile, so nobody may.
        await self.stop_listening()
        self._server.pre_shutdown()
        await self._server.shutdown()

    async def close(self, limit_s: float) -> None:
        """End the application, whatever became of it, within *limit_s*; ``on_shutdown`` has half of that."""
        self._runner.clock, self._runner.shutdown_s = self._clock, limit_s / 2
        await within(self._runner.cleanup(), limit_s, self._clock, "on_shutdown, on_cleanup or cleanup_ctx")


async def within(ending: Coroutine[Any, Any, None], limit_s: float, clock: Clock, whose: str) -> None:
    """Await what an application does at its end, but no longer than *limit_s*: whoever is told to leave leaves."""
    task = asyncio.create_task(ending, name=whose)
    try:
        async with clock.timeout(limit_s):
            await asyncio.shield(task)
    except TimeoutError:
        if task.done():  # it is the application's own
            await task
            return
        logger.warning(
            "%s of the application did not end in the %g s that are left for it: it is cut off", whose, limit_s
        )
        task.cancel()
        # Whoever is cancelled may clean up for a moment, and one that does not listen is left behind.
        await asyncio.wait([task], timeout=_CUT_S)
    except asyncio.CancelledError:
        task.cancel()
        raise
