"""The requests under way: who of them nobody waits for any more is interrupted, and the last one is waited for.

A handler is interrupted once at most. Its deadline and the end of its connection usually come together, since a caller
whose time is up hangs up; a second cancellation would hit it in the midst of its cleaning up.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import Enum
from math import inf

from aiohttp import web

from discovery.clock import Alarm, Clock
from discovery.runtime.context import RequestContext
from discovery.runtime.uninterrupted import is_uninterrupted


class Interruption(Enum):
    """Why a handler was cancelled."""

    DEADLINE = "its caller's time is up"
    GONE = "its caller has left"


@dataclass(slots=True, eq=False)
class Work(RequestContext):
    """One request under way.

    ``routed`` says that it is beyond our own doors, ``answering`` that its answer began. ``placed_at`` is when it got
    the place that it holds, where there are only so many.
    """

    request: web.Request | None = None
    routed: bool = False
    answering: bool = False
    placed_at: float | None = None
    interruption: Interruption | None = None


class UnderWay:
    """All of them. One alarm serves them: it rings at the earliest deadline."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # One connection has one request at a time.
        self._work: dict[web.RequestHandler, Work] = {}
        self._sockets: dict[web.RequestHandler, web.WebSocketResponse] = {}
        self._alarm: Alarm | None = None
        self._alarm_at = inf
        self._emptied: asyncio.Event | None = None

    def __len__(self) -> int:
        return len(self._work)

    def begin(self, request: web.Request, deadline_at: float | None, *, important: bool = False) -> Work:
        """A request came, and is handled from now on."""
        work = Work(deadline_at, False, important, request)
        self._work[request.protocol] = work
        if deadline_at is not None and deadline_at < self._alarm_at:
            self._set_alarm(deadline_at)
        return work

    def opens(self, work: Work, socket: web.WebSocketResponse) -> None:
        """It opens *socket*, which its caller's time does not bound."""
        work.deadline_at = None
        if work.request is not None:
            self._sockets[work.request.protocol] = socket

    def end(self, work: Work) -> None:
        """It was handled, however that went."""
        if work.request is not None:
            del self._work[work.request.protocol]
            if self._sockets:
                self._sockets.pop(work.request.protocol, None)
            # Whoever was started within the request remembers its context, and need not keep all of it alive.
            work.request = None
            work.important = False
        if self._emptied is not None and not self._work:
            self._emptied.set()
            self._emptied = None

    async def idle(self) -> None:
        """Wait until none is left."""
        if self._work:
            emptied = self._emptied = self._emptied or asyncio.Event()
            await emptied.wait()

    def left(self, connection: web.RequestHandler) -> None:
        """A client hung up, or was cut off."""
        work = self._work.get(connection)
        if work is not None:
            self._interrupt(work, Interruption.GONE)

    async def cut(self, limit_s: float) -> None:
        """End all that are left, marked or not, and wait until they have cleaned up, but no longer than *limit_s*."""
        tasks = [work.request.task for work in self._work.values() if work.request is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=limit_s)
        if self._alarm is not None:
            self._alarm.cancel()

    def _interrupt(self, work: Work, why: Interruption) -> None:
        request = work.request
        if work.interruption is not None or request is None:
            return
        if work.routed and is_uninterrupted(request.match_info.handler, request.method):
            return
        socket = self._sockets.get(request.protocol)
        if socket is not None and socket.closed:
            return  # it knows, and cleans up
        work.interruption = why
        # That is the task of the connection. It waits for that of the handler, and hands the cancellation on.
        request.task.cancel(why.value)

    def undo(self, work: Work) -> bool:
        """Take the interruption back, from within the handler's own task, to answer after all.

        False when somebody else wants that task to end.
        """
        task = asyncio.current_task()
        if work.request is None or task is None:
            return False
        work.request.task.uncancel()
        return task.uncancel() == 0

    def _set_alarm(self, at: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm_at = at
        self._alarm = self._clock.call_later(at - self._clock.now(), self._ring)

    def _ring(self) -> None:
        self._alarm, self._alarm_at = None, inf
        now = self._clock.now()
        later = inf
        for work in list(self._work.values()):
            if work.deadline_at is None:
                continue
            if work.deadline_at <= now:
                self._interrupt(work, Interruption.DEADLINE)
            else:
                later = min(later, work.deadline_at)
        if later < inf:
            self._set_alarm(later)
