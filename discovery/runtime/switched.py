"""A connection on which another protocol than HTTP is spoken, as after the handshake of a websocket.

The call is over with the handshake, and judged by it. The instance is busy for as long as the connection is open, which
ends in one of two ways: whoever has it closes it, or it is lost. aiohttp tells the first by a callback of the
connection, and the second by the future of its protocol; a socket that nobody reads would tell neither.
"""

from __future__ import annotations

import asyncio
from functools import partial

from aiohttp.connector import BaseConnector, Connection

from discovery.clock import Clock
from discovery.runtime.attempt import Tried

# The status of an answer after which another protocol is spoken.
SWITCHES = 101


def switched(tried: Tried, connection: Connection, now: float, clock: Clock) -> None:
    """Count *tried* as under way until *connection* is closed or lost."""
    tried.switches(now)
    open_one = _Open(tried, clock)
    connection.add_callback(open_one.closed)
    lost = None if connection.protocol is None else connection.protocol.closed
    if lost is not None:
        # Who closes a session closes all its connections, and no instance is to blame for that.
        connector = connection._connector  # noqa: SLF001 - a connection does not say whose it is
        lost.add_done_callback(partial(open_one.lost, connector))


class _Open:
    """One that is open; it ends once."""

    __slots__ = ("_clock", "_tried")

    def __init__(self, tried: Tried, clock: Clock) -> None:
        self._tried: Tried | None = tried
        self._clock = clock

    def closed(self) -> None:
        """Whoever had it closed it."""
        self._end(broken=False)

    def lost(self, connector: BaseConnector, lost: asyncio.Future[None]) -> None:
        """The far side ended it without a word, or somebody closed all connections of its *connector*."""
        if not lost.cancelled():
            lost.exception()  # looked at, or asyncio would complain
        self._end(broken=not connector.closed)

    def _end(self, *, broken: bool) -> None:
        tried, self._tried = self._tried, None
        if tried is not None:
            tried.closes(self._clock.now(), broken=broken)
