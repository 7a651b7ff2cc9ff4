"""One call under way: whom it was sent to, what came of that, and what its end means for the instance's load.

Nearly every call is one attempt that is answered. So an attempt is a few fields here, and becomes a record only when
it failed, when somebody observes, or when somebody asks.
"""

from __future__ import annotations

from typing import cast

import aiohttp

from discovery.model import Attempt, Outcome
from discovery.observer import Call, Lookup
from discovery.policy.deadline import remaining
from discovery.policy.retry import Again
from discovery.policy.rules import Rules
from discovery.policy.standing import evidence
from discovery.runtime import outcomes
from discovery.runtime.directory import Directory
from discovery.runtime.endpoint import Endpoint
from discovery.runtime.outgoing import Outgoing
from discovery.runtime.plan import Plan
from discovery.runtime.surroundings import Surroundings
from discovery.runtime.timer import Timer

_ERROR_TEXT_MAX = 200

# The flight travels on the response it brought: a table beside it would cost every call, and few ever ask.
_FLIGHT = "_proconsul_flight"

_NOBODY: frozenset[Endpoint] = frozenset()


def attempts(response: aiohttp.ClientResponse) -> tuple[Attempt, ...]:
    """What each attempt of the call that brought *response* came to; empty when no mesh sent it.

    While its body is being read the last one is answered; when the body broke off it is broken::

        async with mesh.get("http://ports/ports") as response:
            await response.read()
        print(discovery.attempts(response)[-1].instance.address)
    """
    flight: Flight | None = getattr(response, _FLIGHT, None)
    return () if flight is None else (*flight.records, *flight.current())


class Flight:
    """``deadline_at`` is monotonic; ``None`` lets it last as long as the far side likes.

    ``answer`` is the last response that came. It is kept unread until a later attempt brings another one, so that
    a call whose last attempt brings nothing still returns it.
    """

    __slots__ = (
        "_again",
        "_around",
        "_candidates",
        "_ended_at",
        "_error",
        "_excused",
        "_head_s",
        "_outcome",
        "_over",
        "_sent_at",
        "_status",
        "answer",
        "began_at",
        "call",
        "deadline_at",
        "directory",
        "endpoint",
        "error",
        "number",
        "plan",
        "probe",
        "records",
        "request",
        "rules",
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
        around: Surroundings,
    ) -> None:
        self.request = request
        self.directory = directory
        self.plan = plan
        self.rules = rules
        self.began_at = began_at
        self.deadline_at = deadline_at
        self._around = around
        self.timer = Timer(around.clock)
        self.call: Call | None = None
        self.records: tuple[Attempt, ...] = ()
        self.tried: frozenset[Endpoint] = _NOBODY  # in vain
        self.answer: aiohttp.ClientResponse | None = None
        self.error: Exception | None = None  # of the last attempt
        self.number = 0
        self.endpoint: Endpoint
        self.probe = False
        self._over = True  # the attempt, not the call
        self._outcome: Outcome
        self._status: int | None

    @property
    def answered(self) -> bool:
        """Whether the last attempt brought an answer that cannot be improved upon."""
        return not self._over

    def departs(self, endpoint: Endpoint, now: float, again: Again | None, *, probe: bool = False) -> None:
        """An attempt goes out."""
        self.number += 1
        self.endpoint = endpoint
        self.error = None
        self.probe = probe
        self._again = again
        self._candidates = self.plan.others(self.tried) or len(self.plan.candidates) if again else 0
        self._sent_at = now
        self._over = False
        self.directory.in_flight += 1
        endpoint.load.start(now)

    def arrives(self, response: aiohttp.ClientResponse, outcome: Outcome, now: float) -> None:
        """The head of an answer is there, and was judged."""
        self._head_s = now - self._sent_at
        if self.answer is not None:
            self.answer.release()
        self.answer = response
        self._status = status = response.status
        self._outcome = outcome
        self._excused = False
        load = self.endpoint.load
        if status < 500 and outcome is Outcome.ANSWERED:
            load.observe(now, self._head_s, proof=status < 400)
            return
        retry_after_s = outcomes.retry_after(response.headers)
        self._excused = not outcomes.speaks_against(status, response.headers)
        if not self._excused:
            load.penalise(now, retry_after_s)
        else:
            load.observe(now, self._head_s, proof=False)
        # A 500 is an answer that may be improved upon, where it can be.
        if outcome is not Outcome.ANSWERED or self.request.repeatable:
            self._ends(now, "", retry_after_s)

    def fails(self, error: BaseException, outcome: Outcome, now: float) -> None:
        """No answer comes of an attempt."""
        self._head_s = now - self._sent_at
        self._status = None
        self._outcome = outcome
        self._excused = False
        self.error = error if isinstance(error, Exception) else None
        if outcome is Outcome.TIMED_OUT:
            self.endpoint.load.give_up(now, self._head_s)
        elif outcome is not Outcome.CANCELLED:
            self.endpoint.load.penalise(now)
        self._ends(now, (str(error) or type(error).__name__)[:_ERROR_TEXT_MAX])

    def _ends(self, now: float, error: str = "", retry_after_s: float | None = None) -> None:
        self._lands(now, heard=self._outcome is not Outcome.CANCELLED)
        self.records += (self._record(error, retry_after_s),)
        self.tried |= {self.endpoint}
        if self.call is not None:
            self.call.attempts = self.records
        self._tell(now)
        if self._outcome is Outcome.UNSENT or self._outcome is Outcome.NACKED:
            self.directory.refused(self.endpoint, now)

    def _lands(self, now: float, *, heard: bool = True) -> None:
        self._over = True
        self._ended_at = now
        self.directory.in_flight -= 1
        self.endpoint.load.end(heard=heard)

    def _tell(self, now: float) -> None:
        """Tell what the attempt says of its instance, and a success also that it may pay for retries."""
        outcome, status = self._outcome, self._status
        if outcome is Outcome.ANSWERED and status is not None and status < 500:
            self.directory.budget.deposit(now)
            if not self.probe:
                self.endpoint.standing.succeeded(now)
                return
        works = evidence(outcome, status)
        # Our own time was up, which says nothing of who was asked last.
        if self._excused or (
            self._ended_at - self._sent_at < self.rules.attempt_timeout_s
            and (outcome is Outcome.TIMED_OUT or self.timer.expired)
        ):
            works = None
        why = outcome.value if status is None else f"{outcome.value} ({status})"
        self.directory.heard(self.endpoint, works, now, probe=self.probe, why=why)

    def hand_over(self) -> aiohttp.ClientResponse:
        """Give the answer to the caller; the call ends when its connection is free again.

        That is when its last byte was read or it was released. aiohttp tells it by a callback only.
        """
        answer = cast(aiohttp.ClientResponse, self.answer)
        setattr(answer, _FLIGHT, self)
        connection = answer.connection
        if connection is None:
            self._freed()
        else:
            connection.add_callback(self._freed)
            # Set only now, and taken away with the end: what refers to itself is left to the garbage collector.
            left = None if self.request.session_minds_body else remaining(self.deadline_at, self._around.clock.now())
            self.timer.set(left)
            self.timer.idle = self._forgotten
        return answer

    def _freed(self) -> None:
        self.timer.stop()
        now = self._around.clock.now()
        if not self._over:
            self._lands(now)
            if self.timer.expired or outcomes.broke_off(cast(aiohttp.ClientResponse, self.answer)):
                self._outcome = Outcome.BROKEN
                self.endpoint.load.broke(now)
            self._tell(now)
        if self.call is not None:
            self._told(self.call, now)
        self.answer = None

    def _forgotten(self) -> None:
        """Time is over, and nobody reads: who reads later is told, and the instance is no longer taken for busy."""
        if self.answer is not None:
            self.answer.content.set_exception(TimeoutError("the time of the call was over before its body was read"))
            self.answer.close()

    def fail(self, error: BaseException) -> None:
        """End the call without an answer for its caller."""
        self.timer.stop()
        if self.answer is not None:
            self.answer.release()
        if self.call is not None:
            self.call.error = error
            self._told(self.call, self._around.clock.now())

    def _told(self, call: Call, now: float) -> None:
        call.attempts = (*self.records, *self.current())
        call.ended_at = now
        self._around.observer.called(call)

    def current(self) -> tuple[Attempt, ...]:
        """The record of the attempt that was answered, as far as it is known; empty when none was."""
        if self.number == len(self.records):
            return ()
        return (self._record(),)

    def _record(self, error: str = "", retry_after_s: float | None = None) -> Attempt:
        again = self._again
        return Attempt(
            number=self.number,
            instance=self.endpoint.instance,
            outcome=self._outcome,
            status=self._status,
            duration_s=self._head_s,
            error=error,
            retry_after_s=retry_after_s,
            reason=again.reason if again else "",
            waited_s=again.delay_s if again else 0.0,
            candidates=self._candidates or len(self.plan.candidates),
            pool=self.plan.health,
            ejected=self.plan.ejected,
            probe=self.probe,
            began_at=self._sent_at,
            ended_at=self._ended_at if self._over else 0.0,
        )

    def observed(self) -> None:
        """Somebody is to be told of it."""
        request = self.request
        self.call = Call(target=self.directory.target, method=request.method, path=request.path, began_at=self.began_at)

    def looked_up(self, now: float, waited_s: float = 0.0) -> None:
        """Note on what the call is made, where that explains it."""
        view = self.directory.view
        if self.call is not None:
            self.call.lookup = Lookup(view, view.age(now) if view else 0.0, waited_s)
