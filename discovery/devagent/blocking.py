"""Consul's blocking queries: an answer that waits until there is news, or until ``wait`` is over.

The wait is lengthened by up to a sixteenth, so that many clients that began together do not return together
(Consul: "Blocking Queries").
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random

from discovery.clock import Clock

DEFAULT_WAIT_S = 300.0
LONGEST_WAIT_S = 600.0
_JITTER = 16


class Changes:
    """Wakes everybody who waits whenever anything changed; each looks for himself whether it concerns him."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def announce(self) -> None:
        self._next.set()
        self._next = asyncio.Event()

    async def wait(self) -> None:
        await self._next.wait()


class Patience:
    """Holds answers back. One for an agent."""

    def __init__(self, changes: Changes, clock: Clock, rng: Random) -> None:
        self._changes = changes
        self._clock = clock
        self._rng = rng

    async def until(self, news: Callable[[], bool], wait_s: float) -> None:
        """Return when *news* says so, or when the wait (0: the default) and its jitter are over."""
        wait_s = min(wait_s or DEFAULT_WAIT_S, LONGEST_WAIT_S)
        try:
            async with self._clock.timeout(wait_s + self._rng.uniform(0, wait_s / _JITTER)):
                while not news():
                    await self._changes.wait()
        except TimeoutError:
            return
