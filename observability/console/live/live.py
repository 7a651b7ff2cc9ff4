"""News for pages that are open: server-sent events, to a bounded number of listeners, none of whom is waited for.

What is told is the latest state, so whoever is slow misses what is out of date, and nothing piles up for anybody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import NoReturn

from aiohttp import web

import discovery
from discovery.web import Problem

LISTENERS_MAX = 64

# Proxies and browsers give up connections on which nothing comes.
_SIGN_OF_LIFE_S = 15.0
# Who takes nothing for so long is dropped; a browser comes back by itself.
_STALL_S = 5.0

_LATER = {"Retry-After": "5"}

First = Callable[[], Awaitable[Mapping[str, str]]]


class Live:
    """Tells all listeners."""

    def __init__(self, around: discovery.Surroundings) -> None:
        self._clock = around.clock
        self._latest: dict[str, tuple[int, bytes]] = {}
        self._told = 0
        self._listeners: set[asyncio.Timeout] = set()
        self._somebody = asyncio.Event()
        self._news = asyncio.Event()
        self._closed = False

    @property
    def listeners(self) -> int:
        """How many there are."""
        return len(self._listeners)

    async def somebody(self) -> None:
        """Wait until there is anybody to tell something to."""
        await self._somebody.wait()

    def tell(self, event: str, document: str) -> None:
        """Tell a *document* of one line, in place of what was told by the same name before."""
        self._told += 1
        self._latest[event] = self._told, _event(event, document)
        news, self._news = self._news, asyncio.Event()
        news.set()

    def close(self) -> None:
        """Say goodbye to everybody, for good: nobody who leaves waits for a listener."""
        self._closed = True
        for stay in self._listeners:
            stay.reschedule(0)

    async def stream(self, request: web.Request, first: First) -> web.StreamResponse:
        """Answer with what *first* brings, by the names of its events, and then with whatever was told since.

        Raises:
            Problem: 503 when there are too many listeners already, or we are leaving.
        """
        if self._closed or self.listeners >= LISTENERS_MAX:
            raise Problem(503, "there is no room for another listener now", headers=_LATER)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
        stay = asyncio.timeout(None)
        try:
            async with stay:
                self._listeners.add(stay)
                self._somebody.set()
                seen = self._told
                there = b"".join(_event(*event) for event in (await first()).items())
                await response.prepare(request)
                await self._follow(response, there, seen)
        except (TimeoutError, ConnectionError):
            # What was not taken yet would be waited for.
            if request.transport is not None and request.transport.get_write_buffer_size():
                request.transport.abort()
        finally:
            self._listeners.discard(stay)
            if not self._listeners:
                self._somebody.clear()
        return response

    async def _follow(self, response: web.StreamResponse, there: bytes, seen: int) -> NoReturn:
        await self._write(response, there)
        while True:
            news = self._news
            for number, text in sorted(self._latest.values()):
                if number > seen:
                    seen = number
                    await self._write(response, text)
            try:
                async with self._clock.timeout(_SIGN_OF_LIFE_S):
                    await news.wait()
            except TimeoutError:
                await self._write(response, b": still here\n\n")

    async def _write(self, response: web.StreamResponse, text: bytes) -> None:
        async with self._clock.timeout(_STALL_S):
            await response.write(text)


def _event(name: str, document: str) -> bytes:
    return f"event: {name}\ndata: {document}\n\n".encode()
