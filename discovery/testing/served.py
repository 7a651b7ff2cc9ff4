"""A plain server that is there as soon as it is made, although making it waits for nothing."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

from aiohttp import web

_SHUTDOWN_S = 0.05


class Served:
    """Listens from the start, so that connections wait; *loop* takes them as soon as it runs."""

    def __init__(
        self, handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], loop: asyncio.AbstractEventLoop
    ) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._socket.getsockname()
        self._runner = web.ServerRunner(web.Server(handler, access_log=None, loop=loop), shutdown_timeout=_SHUTDOWN_S)
        self._starting = loop.create_task(self._start())

    async def _start(self) -> None:
        await self._runner.setup()
        await web.SockSite(self._runner, self._socket).start()

    async def end(self) -> None:
        """Close it, and what it has open."""
        await self._starting
        await self._runner.cleanup()
        self._socket.close()
