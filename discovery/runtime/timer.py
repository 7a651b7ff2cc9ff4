"""The one timer of a call: it ends the wait for a head, and then the reading of a body, at the moment set last.

aiohttp makes a handle, a context and a list of callbacks for each request, and `asyncio.timeout` another two objects
for each attempt. A call has one moment at a time after which nobody waits any more, so one timer is enough.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from aiohttp.helpers import BaseTimerContext

from discovery.clock import Alarm, Clock


class Timer(BaseTimerContext):
    """Raises ``TimeoutError`` in whoever waits in its block when the time is over.

    aiohttp enters it where it waits for more of a body. ``idle`` is run when the time is over and nobody waits: a
    response that somebody holds and does not read must not keep its instance busy for ever.
    """

    __slots__ = ("_alarm", "_cancelling", "_clock", "_task", "expired", "idle")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.idle: Callable[[], None] | None = None
        self._alarm: Alarm | None = None
        self._task: asyncio.Task[Any] | None = None
        self._cancelling = 0
        self.expired = False

    def set(self, seconds: float | None) -> None:
        """Let the time be over in *seconds* from now, in place of what was set before; ``None`` for never."""
        self.stop()
        self.expired = False
        if seconds is not None:
            self._alarm = self._clock.call_later(seconds, self._ring)

    def stop(self) -> None:
        """Let the time never be over; ``expired`` stays as it is."""
        self.idle = None
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _ring(self) -> None:
        self._alarm = None
        self.expired = True
        if self._task is not None:
            self._task.cancel()
        elif self.idle is not None:
            self.idle()

    def assert_timeout(self) -> None:
        if self.expired:
            raise TimeoutError

    def __enter__(self) -> Self:
        if self.expired:
            raise TimeoutError
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a call is made, and its answer read, inside a task")
        self._task = task
        self._cancelling = task.cancelling()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        task, self._task = self._task, None
        # A task that somebody else cancelled as well stays cancelled: only our own cancellation is taken back.
        if self.expired and kind is asyncio.CancelledError and task and task.uncancel() <= self._cancelling:
            raise TimeoutError from error
