"""The only reader of time in the library, and the only sleeper.

Decisions take ``now`` as an argument; shells hold a :class:`Clock`. Tests give both their own, so nothing
in them waits for real. Ruff's banned-api keeps everybody else away from ``time`` and ``asyncio.sleep``.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Alarm(Protocol):
    """Something that is going to happen, unless it is cancelled."""

    def cancel(self) -> object: ...


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

    def call_later(self, seconds: float, callback: Callable[[], None], /) -> Alarm:
        """Run *callback* after *seconds*."""
        ...


class SystemClock:
    """The machine's own clock."""

    # Asked several times in every call, so nothing is put between.
    now = staticmethod(time.monotonic)
    wall = staticmethod(time.time)

    async def sleep(self, seconds: float, /) -> None:
        await asyncio.sleep(seconds)

    def timeout(self, seconds: float | None, /) -> AbstractAsyncContextManager[object]:
        return asyncio.timeout(seconds)

    def call_later(self, seconds: float, callback: Callable[[], None], /) -> Alarm:
        return asyncio.get_running_loop().call_later(seconds, callback)
