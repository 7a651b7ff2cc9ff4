"""One call under way: the answer that it has so far, and what its end means.

Nearly every call is one attempt that is answered. So records are made only when one failed, when somebody observes, or
when somebody asks.
"""

from __future__ import annotations

import aiohttp
from aiohttp.connector import Connection

from discovery.call import Call, Lookup
from discovery.model import Attempt, Outcome
from discovery.policy.deadline import remaining
from discovery.policy.retry import Again
from discovery.policy.rules import Rules
from discovery.runtime import forgotten, outcomes
from discovery.runtime.attempt import Tried
from discovery.runtime.directory import Directory
from discovery.runtime.endpoint import Endpoint
from discovery.runtime.line import Line
from discovery.runtime.outgoing import Outgoing
from discovery.runtime.plan import Plan
from discovery.runtime.surroundings import Surroundings
from discovery.runtime.switched import SWITCHES, Switched
from discovery.runtime.timer import Timer

# The flight travels on the response it brought: a table beside it would cost every call, and few ever ask.
FLIGHT = "_proconsul_flight"

_NOBODY: frozenset[Endpoint] = frozenset()


def attempts(response: aiohttp.ClientResponse | aiohttp.ClientWebSocketResponse) -> tuple[Attempt, ...]:
    """What each attempt of the call that brought *response* came to; empty when no mesh sent it.

    While its body is being read the last one is answered; when the body broke off it is broken::

        async with mesh.get("http://ports/ports") as response:
            await response.read()
        for attempt in discovery.attempts(response):
            print(attempt)
    """
    flight: Flight | None = getattr(response, FLIGHT, None)
    return () if flight is None else flight.attempts()


class Flight:
    """``deadline_at`` is monotonic; ``None`` lets it last as long as the far side likes.

    ``answer`` is the last response that came. It is kept unread until a later attempt brings another one, so that
    a call whose last attempt brings nothing still returns it.
    """

    __slots__ = (
        "_around",
        "_last",
        "_read_from",
        "_renewed",
        "answer",
        "began_at",
        "call",
        "deadline_at",
        "directory",
        "error",
        "plan",
        "records",
        "request",
        "rules",
        "switched",
        "timer",
        "tried",
    )

    def __init__(
        self,
        request: Outgoing,
        directory: Directory,
        plan: Plan,
        rules: Rules,
        began_at: float,
        deadline_at: float | None,
        timer: Timer,
        around: Surroundings,
    ) -> None:
        self.request = request
        self.directory = directory
        self.plan = plan
        self.rules = rules
        self.began_at = began_at
        self.deadline_at = deadline_at
        self._around = around
        self.timer = timer
        self.call: Call | None = None
        self.records: tuple[Attempt, ...] = ()  # of attempts that were in vain
        self.tried: frozenset[Endpoint] = _NOBODY  # in vain
        self.answer: aiohttp.ClientResponse | None = None
        self.error: Exception | None = None  # of the last attempt
        self._last: Tried | None = None
        self._renewed = False
        self._read_from: Line | None = None  # where the attempt was over before its answer was read

    @property
    def number(self) -> int:
        """The number of the attempt that went out last."""
        return self._last.number if self._last is not None else 0

    @property
    def answered(self) -> bool:
        """Whether the last attempt brought an answer that cannot be improved upon."""
        return self._last is not None and not self._last.over

    @property
    def last_endpoint(self) -> Endpoint | None:
        """Whom it was sent to last."""
        return self._last.endpoint if self._last is not None else None

    def departs(self, endpoint: Endpoint, now: float, again: Again | None, *, probe: bool = False) -> Tried:
        """An attempt goes out."""
        number = 1 if self._last is None else self._last.number + 1
        self._last = tried = Tried(number, endpoint, self.directory, self.plan, now, probe=probe)
        self.error = None
        if again is not None:
            tried.repeats(again, self.plan.others(self.tried) or len(self.plan.candidates))
        return tried

    def arrives(self, tried: Tried, response: aiohttp.ClientResponse, outcome: Outcome, now: float) -> None:
        """The head of an answer is there, and was judged."""
        if self.answer is not None:
            self.answer.release()
        self.answer = response
        tried.arrives(response, outcome, now, improvable=self.request.repeatable)
        if tried.over:
            self._read_from = tried.endpoint.line
            self._record(tried)
        else:
            self._read_from = None

    def fails(self, tried: Tried, error: BaseException, outcome: Outcome, now: float) -> None:
        """No answer comes of an attempt."""
        self.error = error if isinstance(error, Exception) else None
        tried.fails(error, outcome, now, full=tried.age(now) >= self.rules.attempt_timeout_s)
        self._record(tried)

    def renews(self) -> bool:
        """Whether it goes out again on a fresh connection, once, since the kept one of the last attempt had ended."""
        if self._renewed or not isinstance(self.error, outcomes.Stale):
            return False
        may_go_on = self.number < self.rules.attempts
        self._renewed = may_go_on and self.request.repeatable and self.request.replayable
        return self._renewed

    def _record(self, tried: Tried) -> None:
        self.records += (tried.record(),)
        self.tried |= {tried.endpoint}
        if self.call is not None:
            self.call.tried(self.records)

    def hand_over(self, answer: aiohttp.ClientResponse) -> aiohttp.ClientResponse:
        """Give the *answer* to the caller; the call ends when its connection is free again.

        That is when its last byte was read or it was released. aiohttp tells it by a callback only.
        """
        setattr(answer, FLIGHT, self)
        connection = answer.connection
        if connection is None:
            self._read_from = None
            self._freed()
        elif answer.status == SWITCHES and self._last is not None:
            self._switches(self._last, connection)
        else:
            connection.add_callback(self._freed)
            if self._read_from is not None:
                self._read_from.readers += 1
            # Set only now, and taken away with the end: what refers to itself is left to the garbage collector.
            left = remaining(self.deadline_at, self._around.clock.now())
            self.timer.set(None if left is None else left + self.request.grace_s)
            self.timer.idle = self._late
        return answer

    def _switches(self, last: Tried, connection: Connection) -> None:
        """The call is over, since what follows by another protocol, as a websocket does, may last for hours."""
        self.timer.stop()
        now = self._around.clock.now()
        self.switched = Switched(last, connection, now, self._around.clock)
        if self.call is not None:
            self._told(self.call, now)
        self.answer = None
        del self.request

    def _freed(self) -> None:
        timer, last = self.timer, self._last
        timer.stop()
        now = self._around.clock.now()
        if self._read_from is not None:
            self._read_from.readers -= 1
            self._read_from = None
        if last is not None and self.answer is not None and not last.over:
            broken = timer.expired or outcomes.broke_off(self.answer)
            full = not timer.expired or last.age(now) >= self.rules.attempt_timeout_s
            last.freed(now, broken=broken, full=full)
        if self.call is not None:
            self._told(self.call, now)
        self.answer = None
        # A session's request knows its response, and that one us: the garbage collector would have to part them.
        del self.request

    def _late(self) -> None:
        if self.answer is not None:
            forgotten.give_up(self.answer, self.directory.target, self.request.method, self.request.path)

    def fail(self, error: BaseException) -> None:
        """End the call without an answer for its caller."""
        self.timer.stop()
        if self.answer is not None:
            self.answer.release()
        if self.call is not None:
            self.call.error = error
            self._told(self.call, self._around.clock.now())

    def _told(self, call: Call, now: float) -> None:
        call.tried(self.records, self._unrecorded)
        call.ended_at = now
        self._around.observer.called(call)

    def attempts(self) -> tuple[Attempt, ...]:
        """The records of all attempts, as far as they are known."""
        last = self._unrecorded
        return self.records if last is None else (*self.records, last.record())

    @property
    def _unrecorded(self) -> Tried | None:
        last = self._last
        return None if last is None or last.number == len(self.records) else last

    def observed(self) -> None:
        """Somebody is to be told of it."""
        request = self.request
        self.call = Call(self.directory.target, request.method, request.path, self.began_at)

    def queued(self, seconds: float) -> None:
        """Note that it waited for its turn."""
        if self.call is not None:
            self.call.queued_s += seconds

    def looked_up(self, now: float, waited_s: float = 0.0) -> None:
        """Note on what the call is made, where that explains it."""
        view = self.directory.view
        if self.call is not None:
            self.call.lookup = Lookup(view, view.age(now) if view else 0.0, waited_s)
