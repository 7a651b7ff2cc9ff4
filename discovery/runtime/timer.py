"""The one timer of a call: it ends the wait for a head, and then the reading of a body, at the moment set last.

aiohttp makes a handle, a context and a list of callbacks for each request, and `asyncio.timeout` another two objects
for each attempt. A call has one moment at a time after which nobody waits any more, so one timer is enough.

Nearly all calls of a mesh wait equally long at most, and nearly none of them so long. Those whose limit is the usual
one of their route are due in the order in which they were set, so one alarm of the loop serves all of them, set for
the first. An alarm for each would cost more than choosing an instance does.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from math import inf
from types import TracebackType
from typing import Any, Self

from aiohttp.helpers import BaseTimerContext

from discovery.clock import Alarm, Clock


class Timer(BaseTimerContext):
    """Raises ``TimeoutError`` in whoever waits in its block when the time is over.

    aiohttp enters it where it waits for more of a body. ``idle``, where it is set, is run instead when the time is
    over, and has to wake whoever reads: a response that is held and not read must not keep its instance busy.
    """

    __slots__ = ("_alarm", "_cancelling", "_due", "_rang", "_task", "_timers", "expired", "idle")

    def __init__(self, timers: Timers) -> None:
        self._timers = timers
        self.idle: Callable[[], None] | None = None
        self._alarm: Alarm | None = None
        self._due = inf  # where it has no alarm of its own
        self._task: asyncio.Task[Any] | None = None
        self._cancelling = 0
        self._rang = False
        self.expired = False

    def set(self, seconds: float | None) -> None:
        """Let the time be over in *seconds* from now, in place of what was set before; ``None`` for never."""
        self.stop()
        self.expired = False
        if seconds is not None:
            self._alarm = self._timers.clock.call_later(seconds, self._ring)

    def set_usual(self, seconds: float, now: float) -> None:
        """The same for the usual limit of a route."""
        if self._alarm is not None:
            self.stop()
        self._due = now + seconds
        self.expired = False
        self._timers.line_up(self, seconds, self._due)

    def stop(self) -> None:
        """Let the time never be over; ``expired`` stays as it is."""
        self.idle = None
        self._due = inf
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def is_due(self, at: float) -> bool:
        """Whether it is still the one that was lined up to be due *at* that moment."""
        return self._due == at

    def ring(self) -> None:
        """The time is over."""
        self._due = inf
        self.expired = True
        if self.idle is not None:
            self.idle()  # which wakes whoever reads
        elif self._task is not None:
            self._rang = True
            self._task.cancel()

    def _ring(self) -> None:
        self._alarm = None
        self.ring()

    def assert_timeout(self) -> None:
        if self.expired:
            raise TimeoutError

    def __enter__(self) -> Self:
        if self.expired:
            raise TimeoutError
        task = asyncio.current_task(self._timers.loop)
        if task is None:
            raise RuntimeError("a call is made, and its answer read, inside a task")
        self._task = task
        self._cancelling = task.cancelling()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        task, self._task = self._task, None
        if not self._rang or task is None:
            return
        # A task that somebody else cancelled as well stays cancelled. Our own cancellation is taken back also where
        # somebody in between made another error of it.
        self._rang = False
        if task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error


class Timers:
    """The timers of one mesh."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.loop: asyncio.AbstractEventLoop | None = None
        self._lines: dict[float, _Line] = {}

    def open(self) -> None:
        """They serve this loop from now on: to be asked for it at each call costs more than all else here."""
        self.loop = asyncio.get_running_loop()

    def close(self) -> None:
        """Nobody is rung any more."""
        for line in self._lines.values():
            line.close()
        self._lines.clear()

    def line_up(self, timer: Timer, seconds: float, due: float) -> None:
        """Ring *timer* when it is *due*, unless it was set anew or stopped; *seconds* are one of a few limits."""
        line = self._lines.get(seconds)
        if line is None:
            line = self._lines[seconds] = _Line(self.clock)
        line.add(timer, due)


class _Line:
    """Timers in the order in which they are due."""

    __slots__ = ("_alarm", "_clock", "_waiting")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: deque[tuple[float, Timer]] = deque()
        self._alarm: Alarm | None = None

    def add(self, timer: Timer, due: float) -> None:
        waiting = self._waiting
        # Most are stopped long before they are due, in about the order in which they came.
        while waiting and not waiting[0][1].is_due(waiting[0][0]):
            waiting.popleft()
        waiting.append((due, timer))
        if self._alarm is None:
            self._alarm = self._clock.call_later(max(0.0, due - self._clock.now()), self._ring)

    def close(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()

    def _ring(self) -> None:
        now, waiting = self._clock.now(), self._waiting
        while waiting and (waiting[0][0] <= now or not waiting[0][1].is_due(waiting[0][0])):
            due, timer = waiting.popleft()
            if timer.is_due(due):
                timer.ring()
        self._alarm = self._clock.call_later(waiting[0][0] - now, self._ring) if waiting else None
