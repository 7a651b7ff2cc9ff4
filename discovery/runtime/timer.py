"""The one timer of a call: it ends the wait for a head, and then the reading of a body, at the moment set last.

aiohttp makes a handle, a context and a list of callbacks for each request, and `asyncio.timeout` another two objects
for each attempt. A call has one moment at a time after which nobody waits any more, so one timer is enough.

Nearly all calls of a mesh wait equally long at most, and nearly none of them so long. Those whose limit is the usual
one of their route are due in the order in which they were set, so one alarm of the loop serves all of them, set for
the first. An alarm for each would cost more than choosing an instance does. A dictionary keeps that order, and lets
whoever is stopped go at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import takewhile
from types import TracebackType
from typing import Any, Self

from aiohttp.helpers import BaseTimerContext

from discovery.clock import Alarm, Clock


class Timer(BaseTimerContext):
    """Raises ``TimeoutError`` in whoever waits in its block when the time is over.

    aiohttp enters it where it waits for more of a body. ``idle``, where it is set, is run instead when the time is
    over, and has to wake whoever reads: a response that is held and not read must not keep its instance busy.
    """

    __slots__ = ("_alarm", "_cancelling", "_line", "_task", "_timers", "expired", "idle")

    _cancelling: int  # how often whoever waits was cancelled when he began to

    def __init__(self, timers: Timers) -> None:
        self._timers = timers
        self._alarm: Alarm | None = None
        self._line: _Line | None = None  # where it has no alarm of its own
        self._task: asyncio.Task[Any] | None = None  # whoever waits in its block, until it is woken
        self.idle: Callable[[], None] | None = None
        self.expired = False

    def set(self, seconds: float | None) -> None:
        """Let the time be over in *seconds* from now, in place of what was set before; ``None`` for never."""
        self.stop()
        self.expired = False
        if seconds is not None:
            self._alarm = self._timers.clock.call_later(seconds, self._ring)

    def set_usual(self, seconds: float, now: float) -> None:
        """The same for the usual limit of a route."""
        if self._alarm is not None or self._line is not None:
            self.stop()
        self.expired = False
        self._line = line = self._timers.lines.get(seconds) or self._timers.line(seconds)
        line.waiting[self] = due = now + seconds
        if line.alarm is None:
            line.set(due)

    def stop(self) -> None:
        """Let the time never be over; ``expired`` stays as it is."""
        self.idle = None
        if self._line is not None:
            self._line.waiting.pop(self, None)
            self._line = None
        elif self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def ring(self) -> None:
        """The time is over."""
        self.expired = True
        if self.idle is not None:
            self.idle()  # which wakes whoever reads
        elif self._task is not None:
            self._task.cancel()
            self._task = None

    def _ring(self) -> None:
        self._alarm = None
        self.ring()

    def assert_timeout(self) -> None:
        if self.expired:
            raise TimeoutError

    def __enter__(self) -> Self:
        if self.expired:
            raise TimeoutError
        self._task = task = asyncio.current_task(self._timers.loop)
        if task is None:
            raise RuntimeError("a call is made, and its answer read, inside a task")
        self._cancelling = task.cancelling()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task = None
            return
        # A task that somebody else cancelled as well stays cancelled. Our own cancellation is taken back also where
        # somebody in between made another error of it.
        task = asyncio.current_task(self._timers.loop)
        if task is not None and task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error


class Timers:
    """The timers of one mesh."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.loop: asyncio.AbstractEventLoop | None = None
        self.lines: dict[float, _Line] = {}

    def open(self) -> None:
        """They serve this loop from now on: to be asked for it at each call costs more than all else here."""
        self.loop = asyncio.get_running_loop()

    def close(self) -> None:
        """Nobody is rung any more."""
        for line in self.lines.values():
            line.close()
        self.lines.clear()

    def line(self, seconds: float) -> _Line:
        """A line of those that wait so long at most; *seconds* are one of a few limits."""
        line = self.lines[seconds] = _Line(self.clock)
        return line


class _Line:
    """When those that are ``waiting`` are due, in that order."""

    __slots__ = ("_clock", "alarm", "waiting")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.waiting: dict[Timer, float] = {}
        self.alarm: Alarm | None = None

    def set(self, due: float) -> None:
        """Look at that moment who is due."""
        self.alarm = self._clock.call_later(max(0.0, due - self._clock.now()), self._ring)

    def close(self) -> None:
        if self.alarm is not None:
            self.alarm.cancel()

    def _ring(self) -> None:
        now = self._clock.now()
        due = [timer for timer, at in takewhile(lambda one: one[1] <= now, self.waiting.items())]
        for timer in due:
            # One of those before it may have stopped it.
            if self.waiting.pop(timer, None) is not None:
                timer.ring()
        self.alarm = None
        if self.waiting:
            self.set(next(iter(self.waiting.values())))
