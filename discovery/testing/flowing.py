"""Time that flows although a test's clock stands still: for what has to begin or to end meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from discovery.clock import Clock, SystemClock
from discovery.testing.clock import FakeClock

# Ten times as fast as it passes for everybody, so that no end waits for what a test left behind.
_STEP_S = 0.01
_EVERY_S = 0.001


@asynccontextmanager
async def flowing(clock: Clock) -> AsyncIterator[None]:
    """Let the time of a *clock* that stands still pass for the length of the block."""
    if not isinstance(clock, FakeClock):
        yield
        return
    passing = asyncio.create_task(_pass(clock))
    try:
        yield
    finally:
        passing.cancel()
        await asyncio.wait([passing])


async def _pass(clock: FakeClock) -> None:
    while True:
        await clock.advance(_STEP_S)
        await SystemClock().sleep(_EVERY_S)
