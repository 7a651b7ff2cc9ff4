"""A connection on which another protocol than HTTP is spoken, as after the handshake of a websocket.

The call is over with the handshake, and judged by it. The instance is busy for as long as the connection is open, which
ends in one of two ways: whoever has it closes it, or it is lost. aiohttp tells the first by a callback of the
connection, and the second by the future of its protocol; a socket that nobody reads would tell neither.

A connection is lost after every close, too, where the far side is the first to hang up. So what is lost counts against
an instance only where it broke, or where the socket is one of ours and never heard of a close.
"""

from __future__ import annotations

import asyncio
from functools import partial
from weakref import ref

import aiohttp
from aiohttp.connector import BaseConnector, Connection

from discovery.clock import Clock
from discovery.runtime.attempt import Tried

# The status of an answer after which another protocol is spoken.
SWITCHES = 101


class Switched:
    """Counts *tried* as under way until *connection* is closed or lost, whichever comes first."""

    __slots__ = ("_clock", "_socket", "_tried")

    def __init__(self, tried: Tried, connection: Connection, now: float, clock: Clock) -> None:
        self._tried: Tried | None = tried
        self._clock = clock
        self._socket: ref[aiohttp.ClientWebSocketResponse] | None = None
        tried.switches(now)
        connection.add_callback(self._closed)
        lost = None if connection.protocol is None else connection.protocol.closed
        if lost is not None:
            # Who closes a session closes all its connections, and no instance is to blame for that.
            connector = connection._connector  # noqa: SLF001 - a connection does not say whose it is
            lost.add_done_callback(partial(self._lost, connector))

    def by(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """It is *socket* that speaks on it, and hears of a close. Whoever forgets that one lets the connection go."""
        self._socket = ref(socket)

    def _closed(self) -> None:
        self._end(broken=False)

    def _lost(self, connector: BaseConnector, lost: asyncio.Future[None]) -> None:
        broke = not lost.cancelled() and lost.exception() is not None
        socket = None if self._socket is None else self._socket()
        unheard = socket is not None and socket.close_code is None
        self._end(broken=(broke or unheard) and not connector.closed)

    def _end(self, *, broken: bool) -> None:
        tried, self._tried = self._tried, None
        if tried is not None:
            tried.closes(self._clock.now(), broken=broken)
