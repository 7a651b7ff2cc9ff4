"""A server in virtual time: so many workers, a queue, and whatever is wrong with it at the moment."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from benchmarks.simulation.loop import Loop
from discovery.model import Instance, Outcome

# One way through a network of one data center.
HOP_S = 0.0003


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong from ``since`` to ``until``.

    ``kind``: ``error`` (a 500), ``unavailable`` (a 503), ``refuse`` (no connection), ``hang`` (no answer), ``404`` (a
    fast refusal), ``drop`` (it is processed, and the connection breaks), ``drain`` (a nack); of the ``share`` of calls.
    Of ``slow``, the share is how many times as slow it is.
    """

    kind: str
    since: float = 0.0
    until: float = 1e9
    share: float = 1.0


@dataclass(slots=True)
class Answer:
    """What comes back."""

    outcome: Outcome
    status: int | None = None
    exhausted: bool = False
    retry_after_s: float | None = None


@dataclass(slots=True)
class Request:
    """One request on the wire; ``settled`` when its caller has an outcome, and needs no other."""

    call: str
    deadline_at: float
    answer: Callable[[Request, Answer], None]
    began_at: float = 0.0
    settled: bool = False


class Downstream(Protocol):
    """Whom a server calls before it can answer."""

    def call(self, *, deadline_at: float, then: Callable[[bool, bool], None]) -> None: ...


@dataclass(slots=True)
class Served:
    """What a server was asked and did."""

    requests: int = 0
    executed: dict[str, int] = field(default_factory=dict)  # how often each call was processed


class Server:
    """Works on ``workers`` requests at once, each ``work_s`` long on average, as one process of a service.

    ``admits`` is how many it holds, in work and in the queue; beyond it says that it has no room. ``watches`` says
    whether work ends, and does not begin, when the deadline has passed or the caller has left.
    """

    def __init__(
        self,
        loop: Loop,
        instance: Instance,
        *,
        work_s: float,
        workers: int = 4,
        admits: int | None = None,
        watches: bool = True,
        spread: bool = True,
        faults: Sequence[Fault] = (),
        downstream: Downstream | None = None,
    ) -> None:
        self.instance = instance
        self.faults = faults
        self.served = Served()
        self._loop = loop
        self._work_s = work_s
        self._workers = workers
        self._admits = admits
        self._watches = watches
        self._spread = spread
        self._downstream = downstream
        self._queue: deque[Request] = deque()
        self._working = 0

    def take(self, request: Request) -> None:
        """A request arrives."""
        loop = self._loop
        self.served.requests += 1
        for fault in self.faults:
            if fault.since <= loop.now < fault.until and self._fails(request, fault):
                return
        if self._admits is not None and self._working + len(self._queue) >= self._admits:
            self._answer(request, Answer(Outcome.BUSY, 503))
        elif self._working < self._workers:
            self._begin(request)
        else:
            self._queue.append(request)

    def _fails(self, request: Request, fault: Fault) -> bool:
        """Whether the fault is all that comes of the request."""
        if fault.kind == "slow" or (fault.share < 1 and self._loop.rng.random() >= fault.share):
            return False
        if fault.kind == "hang":
            return True
        if fault.kind == "drop":
            self._processed(request)
        self._answer(
            request,
            {
                "error": Answer(Outcome.ANSWERED, 500),
                "unavailable": Answer(Outcome.UNAVAILABLE, 503),
                "refuse": Answer(Outcome.UNSENT),
                "404": Answer(Outcome.ANSWERED, 404),
                "drop": Answer(Outcome.LOST),
                "drain": Answer(Outcome.NACKED, 503),
            }[fault.kind],
        )
        return True

    def _begin(self, request: Request) -> None:
        loop = self._loop
        self._working += 1
        work_s = loop.rng.expovariate(1 / self._work_s) if self._spread else self._work_s
        for fault in self.faults:
            if fault.kind == "slow" and fault.since <= loop.now < fault.until:
                work_s *= fault.share
        if self._watches:
            # The handler is cancelled then.
            work_s = min(work_s, max(request.deadline_at - loop.now, 0.0))
        self._processed(request)
        loop.after(work_s, lambda: self._worked(request))

    def _worked(self, request: Request) -> None:
        if self._downstream is None or self._loop.now >= request.deadline_at:
            self._end(request, Answer(Outcome.ANSWERED, 200))
            return

        def answered(well: bool, exhausted: bool) -> None:
            self._end(
                request,
                Answer(Outcome.ANSWERED, 200) if well else Answer(Outcome.UNAVAILABLE, 503, exhausted=exhausted),
            )

        self._downstream.call(deadline_at=request.deadline_at, then=answered)

    def _end(self, request: Request, answer: Answer) -> None:
        self._working -= 1
        self._answer(request, answer)
        while self._queue and self._working < self._workers:
            following = self._queue.popleft()
            if not self._watches or not (following.settled or self._loop.now >= following.deadline_at):
                self._begin(following)

    def _processed(self, request: Request) -> None:
        executed = self.served.executed
        executed[request.call] = executed.get(request.call, 0) + 1

    def _answer(self, request: Request, answer: Answer) -> None:
        self._loop.after(HOP_S, lambda: request.answer(request, answer))
