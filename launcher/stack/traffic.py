"""Readers of laptops, or of the shop's pages, through the gateway of a stack, at a steady rate for a block's length.

A laptop brings its ports, so each request for one crosses three services; for the shop's page of it, five. What is
wrong is told apart: another status than 200, a laptop without the ports that it has, and a shop without laptops. All
are failures, as they are in the demonstration.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from itertools import count
from types import TracebackType
from typing import Self

import aiohttp

from discovery.clock import Clock
from launcher.load import Tally, drive

# Reads what has that number; returns what was wrong with the answer, or "" when nothing was.
Read = Callable[[aiohttp.ClientSession, int], Awaitable[str]]

# How an answer that came without the ports is counted in a tally.
PORTLESS = "200 without ports"
_LAPTOPLESS = "200 without laptops"

# Those that have ports from the start.
_LAPTOPS = 10
# What is on the shop's first page when it has laptops to show, and on a laptop's when it has ports.
_SHELF = '<ul class="grid">'
_PORT = '<li class="port">'
# Longer than the mesh lets any call last, and so only for what hangs.
_REQUEST = aiohttp.ClientTimeout(total=30)


async def laptop(session: aiohttp.ClientSession, number: int) -> str:
    """One laptop after the other, as a program reads them."""
    async with session.get(f"/api/laptops/{number % _LAPTOPS + 1}") as response:
        if response.status != 200:
            return f"status {response.status}"
        found = await response.json()
        return "" if found["ports"] else PORTLESS


async def shop_page(session: aiohttp.ClientSession, number: int) -> str:
    """The shop's first page, then the page of one laptop after the other, as a visitor reads them."""
    wanted = number % (_LAPTOPS + 1)
    async with session.get(f"/laptops/{wanted}" if wanted else "/") as response:
        if response.status != 200:
            return f"status {response.status}"
        page = await response.text()
    if wanted:
        return "" if _PORT in page else PORTLESS
    return "" if _SHELF in page else _LAPTOPLESS


class Traffic:
    """``rate`` requests a second while the block lasts; leaving it waits for the last answer.

    The load is made second by second, since nobody knows beforehand how many there will be.
    """

    def __init__(self, gateway: str, read: Read, rate: float, clock: Clock) -> None:
        self._gateway = gateway
        self._read = read
        self._rate = rate
        self._clock = clock
        self._enough = asyncio.Event()
        self._seconds: list[asyncio.Task[Tally]] = []
        self._session: aiohttp.ClientSession
        self._asking: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        # As many connections as there are requests: one that waits for a connection is not sent when it is due.
        connector = aiohttp.TCPConnector(limit=0)
        self._session = aiohttp.ClientSession(self._gateway, timeout=_REQUEST, connector=connector)
        self._asking = asyncio.create_task(self._ask())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._enough.set()
        try:
            await self._asking
        finally:
            await self._session.close()

    @property
    def second(self) -> int:
        """The number of the second that began last."""
        return len(self._seconds) - 1

    def tally(self, since: int = 0, until: int | None = None) -> Tally:
        """What became of the requests of that second and of all after it, or of those before *until*.

        To be asked when the block is left.
        """
        whole = Tally()
        for second in self._seconds[since:until]:
            tally = second.result()
            whole.sent += tally.sent
            whole.failures += tally.failures
            whole.latencies_s += tally.latencies_s
        return whole

    async def _ask(self) -> None:
        async with asyncio.TaskGroup() as group:
            begin = self._clock.now()
            for second in count(1):
                load = drive(partial(self._read, self._session), rate=self._rate, seconds=1, clock=self._clock)
                self._seconds.append(group.create_task(load))
                with suppress(TimeoutError):
                    async with self._clock.timeout(begin + second - self._clock.now()):
                        await self._enough.wait()
                        return
