"""The only reader of time in the library, and the only sleeper.

Decisions take ``now`` as an argument; shells hold a :class:`Clock`. Tests give both their own, so nothing
in them waits for real. Ruff's banned-api keeps everybody else away from ``time`` and ``asyncio.sleep``.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Clock(Protocol):
    """Time as the shells see it."""

    def now(self) -> float:
        """Monotonic seconds: for durations and order, immune to wall-clock steps."""
        ...

    def wall(self) -> float:
        """Seconds since the epoch: only for telling people and other processes."""
        ...

    async def sleep(self, seconds: float, /) -> None:
        """Pause the current task."""
        ...

    def timeout(self, seconds: float | None, /) -> AbstractAsyncContextManager[object]:
        """Raise ``TimeoutError`` in the block after *seconds*; ``None`` never does."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()

    async def sleep(self, seconds: float, /) -> None:
        await asyncio.sleep(seconds)

    def timeout(self, seconds: float | None, /) -> AbstractAsyncContextManager[object]:
        return asyncio.timeout(seconds)
