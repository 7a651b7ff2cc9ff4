"""Where a server takes requests, on aiohttp's public runner: it listens once its application is set up.

It ends in steps, for leaving the mesh in aiohttp's own order would be too late: when ``on_shutdown`` runs, the sockets
are closed.
"""

from __future__ import annotations

import socket
from typing import Any

from aiohttp import web

from discovery.config import MeshConfig
from discovery.runtime import certificate, doorway, listener
from discovery.runtime.inbound import Inbound

# Longer than any client of the mesh keeps one (15 s), so that it is the client who ends an idle connection. It is
# also aiohttp's only limit for the head of a request.
_KEEPALIVE_S = 75.0
# Strangers get less: a head that drips in holds a connection for so long.
_EDGE_KEEPALIVE_S = 10.0


class Site:
    """One application on one socket. What handlers that are cancelled get to clean up is *close_s*."""

    _server: web.Server

    def __init__(self, app: web.Application, config: MeshConfig, inbound: Inbound, close_s: float) -> None:
        self._config = config
        self._inbound = inbound
        sizes: dict[str, Any] = {"max_line_size": config.max_line_size, "max_field_size": config.max_field_size}
        self._runner = web.AppRunner(
            app,
            keepalive_timeout=_EDGE_KEEPALIVE_S if config.edge else _KEEPALIVE_S,
            shutdown_timeout=close_s,
            access_log=None,
            handle_signals=False,
            **{name: size for name, size in sizes.items() if size is not None},
        )
        self._site: web.BaseSite | None = None

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
        self._server = await doorway.set_up(self._runner, self._inbound.entering, self._inbound.under_way.left)
        self._inbound.open()
        site = web.SockSite(self._runner, bound, backlog=self._config.backlog, ssl_context=tls)
        try:
            await site.start()
        except OSError as error:  # two may bind one port; only one of them can listen
            raise listener.cannot_listen(self._config, error) from error
        self._site = site

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

    async def close(self) -> None:
        """End the application, whatever became of it."""
        await self._runner.cleanup()
