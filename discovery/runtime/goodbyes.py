"""Websockets that are open when the process leaves: each is closed with 1001, "going away" (RFC 6455, 7.4.1).

1012, "service restart", is in IANA's registry of close codes as well, and asks a client to wait for 5 to 30 s before it
comes back. Others of the service are there at once, so there is nothing to wait for; that all who are told do not come
at one moment is seen to here, where it is known how many they are (``policy/farewell.py``).
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from random import Random
from weakref import WeakSet

from aiohttp import WSCloseCode, web

from discovery.clock import Clock
from discovery.policy.farewell import moments


class Goodbyes:
    """Knows the open websockets, and closes them once it is time, also those that open later."""

    def __init__(self, clock: Clock, rng: Random) -> None:
        self._clock = clock
        self._rng = rng
        self._open: WeakSet[web.WebSocketResponse] = WeakSet()
        self._closing: set[asyncio.Task[None]] = set()
        self._in_turn: asyncio.Task[None] | None = None
        self._leaving = False

    def opening(self, socket: web.WebSocketResponse) -> None:
        """A websocket is about to open."""
        self._open.add(socket)
        if self._leaving:
            self._close(socket)

    def begin(self, within_s: float) -> None:
        """Close one after the other; their handlers find them closed, and end."""
        self._leaving = True
        self._in_turn = asyncio.create_task(self._close_in_turn(within_s), name="goodbyes")
        self._own(self._in_turn)

    def say(self) -> None:
        """Close all that are left."""
        if self._in_turn is not None:
            self._in_turn.cancel()
        self._leaving = True
        for socket in self._open:
            self._close(socket)

    async def said(self, limit_s: float) -> None:
        """Wait until all are closed, and cut the rest off after *limit_s*: a client may be slow to say it back."""
        if self._in_turn is not None:
            self._in_turn.cancel()
        if self._closing:
            _, pending = await asyncio.wait(self._closing, timeout=limit_s)
            for task in pending:
                task.cancel()

    async def _close_in_turn(self, within_s: float) -> None:
        began_at, those = self._clock.now(), list(self._open)
        for after_s in moments(len(those), within_s, self._rng):
            await self._clock.sleep(began_at + after_s - self._clock.now())
            self._close(those.pop())

    def _close(self, socket: web.WebSocketResponse) -> None:
        self._own(asyncio.create_task(_goodbye(socket), name="goodbye"))

    def _own(self, task: asyncio.Task[None]) -> None:
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


async def _goodbye(socket: web.WebSocketResponse) -> None:
    with suppress(RuntimeError):  # its handshake came to nothing
        await socket.close(code=WSCloseCode.GOING_AWAY, message=b"going away")
