"""How many connections a server holds: each costs a descriptor, and memory for as much as its client cares to send.

One address may hold half of them, so that nobody alone keeps all others out. Whoever comes beyond that is told so, and
let go before anything of him is read.
"""

from __future__ import annotations

import asyncio

from aiohttp import web

_FULL = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Connections:
    """Those that are open; no more than *most*, or any number where that is ``None``."""

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._peers: dict[web.RequestHandler, str] = {}
        self._held: dict[str, int] = {}

    def came(self, connection: web.RequestHandler, transport: asyncio.Transport) -> None:
        """One was made: it is kept, or refused."""
        if self._most is None:
            return
        peer = (transport.get_extra_info("peername") or ("",))[0]
        held = self._held.get(peer, 0)
        if len(self._peers) >= self._most or held >= max(1, self._most // 2):
            transport.write(_FULL)
            connection.force_close()
            return
        self._peers[connection] = peer
        self._held[peer] = held + 1

    def left(self, connection: web.RequestHandler) -> None:
        """One was lost, whether it had been kept or not."""
        peer = self._peers.pop(connection, None)
        if peer is None:
            return
        self._held[peer] -= 1
        if not self._held[peer]:
            del self._held[peer]
