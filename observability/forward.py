"""Handing on what a receiver got to the next collector: as it came, in order, and only as well as it goes."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack, suppress
from types import TracebackType
from typing import NoReturn, Self

import aiohttp

_log = logging.getLogger(__name__)

CONTENT_TYPE = "application/x-protobuf"

# A collector that is slower than we are for so long is away.
QUEUED = 64
TIMEOUT_S = 5.0


class Forward:
    """Posts bodies to a collector at *url*, one after the other, while the block lasts; what finds no room is lost."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._queue: asyncio.Queue[tuple[str, str, bytes]] = asyncio.Queue(QUEUED)
        self._stack = AsyncExitStack()
        self.lost = 0

    def offer(self, path: str, encoding: str, body: bytes) -> None:
        """Queue a body, packed as *encoding* says; never waits."""
        try:
            self._queue.put_nowait((path, encoding, body))
        except asyncio.QueueFull:
            self._lose("it is too slow")

    async def __aenter__(self) -> Self:
        session = await self._stack.enter_async_context(
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S))
        )
        sending = asyncio.create_task(self._send(session))
        self._stack.push_async_callback(_stop, sending)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def _send(self, session: aiohttp.ClientSession) -> NoReturn:
        while True:
            path, encoding, body = await self._queue.get()
            headers = {"Content-Type": CONTENT_TYPE} | ({"Content-Encoding": encoding} if encoding else {})
            try:
                async with session.post(f"{self._url}{path}", data=body, headers=headers) as response:
                    if response.status >= 400:
                        self._lose(f"it answered {response.status}")
            except (aiohttp.ClientError, TimeoutError) as error:
                self._lose(type(error).__name__)

    def _lose(self, reason: str) -> None:
        self.lost += 1
        if self.lost & (self.lost - 1) == 0:  # the 1st, 2nd, 4th, ...: heard at once, and never a flood
            _log.warning("%d batches did not reach the next collector: %s", self.lost, reason)


async def _stop(task: asyncio.Task[NoReturn]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
