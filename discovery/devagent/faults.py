"""An agent that misbehaves on command: each fault does what was read off a Consul 1.19 in that state.

They stand before the endpoints, as one middleware, and know nothing of the agent behind them: so the same faults can
be had of a real one. What lasts is ended by :meth:`Faults.recovers`, or with the block of what its method returned::

    with faults.loses_leader():
        ...

Two happen in a moment, and have no end: :meth:`Faults.forgets` and :meth:`Faults.regresses_index`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from aiohttp import web

from discovery.clock import Clock, SystemClock
from discovery.devagent.api import Handler
from discovery.devagent.disguise import NO_LEADER, answers_empty, asks_the_leader, refusal

# Where commands come in; no fault stands before it.
DOOR = "/v1/devagent/fault"

_INDEX = "X-Consul-Index"
# Events are numbered by the agent, not by the servers.
_OTHER_INDEXES = "/v1/event/"


class Fault:
    """One that lasts: until ``recovers()``, or until the end of its ``with`` block."""

    def __init__(self, end: Callable[[], None]) -> None:
        self._end = end

    def recovers(self) -> None:
        """End it; once more changes nothing."""
        self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()


class Faults:
    """What an agent does wrong now. A fault begins when its method is called, and holds for every client."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._forget: Callable[[], None] = _forgets_nothing
        self._lag_s = 0.0
        self._leaderless_since: float | None = None
        self._empty = False
        self._refusal = 0
        self._awake = asyncio.Event()
        self._awake.set()
        # What is told as an index is the agent's own less this much.
        self._shift = 0
        self._highest = 0
        self._waiting: set[asyncio.Timeout] = set()

    def stand_before(self, forget: Callable[[], None]) -> None:
        """Be the faults of an agent that loses all that it runs by *forget*."""
        self._forget = forget

    def lags(self, seconds: float) -> Fault:
        """Every answer is made, and sent so many *seconds* later, as by an agent under load: it is that old."""
        check_lag(seconds)
        self._lag_s = float(seconds)
        return Fault(self._lags_no_more)

    def loses_leader(self) -> Fault:
        """The servers have none: what needs one is answered by 500, ``No cluster leader``.

        Stale reads are answered, and say that no leader is known; so are blocking reads of a service's health, which
        are streamed. Registrations are taken, reads under way go on. Consul tries for 7 s before it says 500; here it
        comes at once.
        """
        self._leaderless_since = self._clock.now()
        return Fault(self._has_leader)

    def empties(self) -> Fault:
        """The catalogue has lost every service but Consul's own, and says so by a new index, to whoever waits too."""
        if not self._empty:
            self._empty = True
            self._move_index(-1)
        return Fault(self._is_full)

    def hangs(self) -> Fault:
        """The agent stands still: connections are taken, nothing is answered until it goes on, as by SIGSTOP."""
        self._awake.clear()
        return Fault(self._awake.set)

    def refuses(self, status: int = 429) -> Fault:
        """Every request is answered by *status*: 429 for too many connections, 403 for a token without the right.

        Reads under way go on.
        """
        check_refusal(status)
        self._refusal = status
        return Fault(self._refuses_no_more)

    def forgets(self) -> None:
        """The agent runs no service and no check any more, as one that was started again without its data."""
        self._forget()

    def regresses_index(self) -> None:
        """Indexes go back to half of what was told, as from servers that an older snapshot was put into.

        Whoever waits on one, or comes with one from before, is answered at once by the lower one. From a Consul he gets
        it when his wait is over, where he reads a service's health.
        """
        told = self._highest - self._shift
        self._move_index(told - told // 2)

    def recovers(self) -> None:
        """End all that lasts. What was forgotten stays so, and indexes go on from where they are."""
        self._lags_no_more()
        self._has_leader()
        self._is_full()
        self._awake.set()
        self._refuses_no_more()

    @property
    def in_force(self) -> Mapping[str, float | bool]:
        """Those that last, by their names, each with what was said of it."""
        told = {
            "lags": self._lag_s,
            "loses_leader": self._leaderless_since is not None,
            "empties": self._empty,
            "hangs": not self._awake.is_set(),
            "refuses": self._refusal,
        }
        return {name: value for name, value in told.items() if value}

    @web.middleware
    async def meet(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer as the faults have it, by what *handler* says."""
        if request.path == DOOR:
            return await handler(request)
        await self._awake.wait()
        if self._refusal:
            return refusal(self._refusal)
        if self._leaderless_since is not None and asks_the_leader(request):
            return web.Response(status=500, text=NO_LEADER)
        response = await self._answered(request, handler)
        self._disguise(request, response)
        if self._lag_s:
            await self._clock.sleep(self._lag_s)
        await self._awake.wait()
        return response

    async def _answered(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        index = request.query.get("index", "")
        if not index or request.path.startswith(_OTHER_INDEXES):
            return await handler(request)
        asked = request
        if self._shift and index.isdigit():
            if int(index) > self._highest - self._shift:  # was told before they went back
                return await handler(_at_once(request))
            asked = request.clone(rel_url=request.rel_url.update_query(index=max(0, int(index) + self._shift)))
        try:
            async with asyncio.timeout(None) as waiting:
                self._waiting.add(waiting)
                try:
                    return await handler(asked)
                finally:
                    self._waiting.discard(waiting)
        except TimeoutError:  # only _move_index() gives this block a time
            return await handler(_at_once(request))

    def _disguise(self, request: web.Request, response: web.StreamResponse) -> None:
        told = response.headers.get(_INDEX)
        if told is not None and not request.path.startswith(_OTHER_INDEXES):
            self._highest = max(self._highest, int(told))
            if self._shift:
                response.headers[_INDEX] = str(max(1, int(told) - self._shift))
        if self._empty and isinstance(response, web.Response):
            answers_empty(request, response)
        if self._leaderless_since is not None and "stale" in request.query:
            response.headers["X-Consul-KnownLeader"] = "false"
            away_s = self._clock.now() - self._leaderless_since
            response.headers["X-Consul-LastContact"] = str(int(away_s * 1000))

    def _move_index(self, down: int) -> None:
        self._shift += down
        waiting, self._waiting = self._waiting, set()
        for each in waiting:
            each.reschedule(0)

    def _lags_no_more(self) -> None:
        self._lag_s = 0.0

    def _has_leader(self) -> None:
        self._leaderless_since = None

    def _is_full(self) -> None:
        if self._empty:
            self._empty = False
            self._move_index(-1)

    def _refuses_no_more(self) -> None:
        self._refusal = 0


def check_lag(seconds: object) -> None:
    """Raise ValueError for what nobody can lag by."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not seconds >= 0:
        raise ValueError(f"one lags by a number of seconds, from 0 on, got {seconds!r}")


def check_refusal(status: object) -> None:
    """Raise ValueError for what refuses nothing."""
    if type(status) is not int or not 400 <= status <= 599:
        raise ValueError(f"a refusal is a status from 400 to 599, got {status!r}")


def _at_once(request: web.Request) -> web.Request:
    """The same, without waiting for anything."""
    return request.clone(rel_url=request.rel_url.without_query_params("index", "wait"))


def _forgets_nothing() -> None:
    raise RuntimeError("these faults stand before no agent yet")
