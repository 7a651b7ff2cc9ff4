"""Websockets that are open when the process leaves: each is closed with 1001, "going away" (RFC 6455, 7.4.1)."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from weakref import WeakSet

from aiohttp import WSCloseCode, web


class Goodbyes:
    """Knows the open websockets, and closes them once it is time, also those that open later."""

    def __init__(self) -> None:
        self._open: WeakSet[web.WebSocketResponse] = WeakSet()
        self._closing: set[asyncio.Task[None]] = set()
        self._leaving = False

    def opening(self, socket: web.WebSocketResponse) -> None:
        """A websocket is about to open."""
        self._open.add(socket)
        if self._leaving:
            self._close(socket)

    def say(self) -> None:
        """Close all of them; their handlers find them closed, and end."""
        self._leaving = True
        for socket in self._open:
            self._close(socket)

    async def said(self, limit_s: float) -> None:
        """Wait until all are closed, and cut the rest off after *limit_s*: a client may be slow to say it back."""
        if self._closing:
            _, pending = await asyncio.wait(self._closing, timeout=limit_s)
            for task in pending:
                task.cancel()

    def _close(self, socket: web.WebSocketResponse) -> None:
        task = asyncio.create_task(_goodbye(socket), name="goodbye")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


async def _goodbye(socket: web.WebSocketResponse) -> None:
    with suppress(RuntimeError):  # its handshake came to nothing
        await socket.close(code=WSCloseCode.GOING_AWAY, message=b"going away")
