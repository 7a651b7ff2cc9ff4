"""One call: send it, judge what came back, and go elsewhere where policy allows it.

Every door ends here. A door differs only in how one request goes on the wire (``outgoing.py``).
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

import aiohttp

from discovery import wire
from discovery.call_errors import CallFailed, DeadlineExceeded, Overflow
from discovery.model import Outcome, Target
from discovery.observer import Observer, of_calls
from discovery.policy.deadline import attempt_limit_s, format_ms, remaining, tighten
from discovery.policy.retry import Again, Stop, StopReason, decide
from discovery.policy.rules import Rules
from discovery.runtime import context, outcomes
from discovery.runtime.address import Logical
from discovery.runtime.chooser import Chooser
from discovery.runtime.directories import Directories
from discovery.runtime.directory import Directory
from discovery.runtime.endpoint import Endpoint
from discovery.runtime.flight import Flight
from discovery.runtime.home import Home
from discovery.runtime.outgoing import Outgoing
from discovery.runtime.plan import Plan
from discovery.runtime.retrying import repeat
from discovery.runtime.said import Said
from discovery.runtime.surroundings import Surroundings
from discovery.runtime.timer import Timer, Timers


class Caller:
    """Makes calls, for all doors of one mesh."""

    _directories: Directories
    _around: Surroundings
    _chooser: Chooser
    _observer: Observer | None

    def __init__(self, home: Home, around: Surroundings) -> None:
        self._home = home
        self._clock = around.clock
        self._rng = around.rng
        self._timers = Timers(around.clock)

    def open(self, directories: Directories, around: Surroundings) -> None:
        """Calls are made from now on; only now it is known who is told of them."""
        self._directories = directories
        self._around = around
        self._observer = of_calls(around.observer)
        self._chooser = Chooser(directories, around)
        self._timers.open()

    def close(self) -> None:
        """No call is made any more."""
        self._timers.close()

    def is_known(self, service: str) -> bool:
        """Whether this process has heard of a *service*: it follows it, or the registry has named it."""
        # A session may have the middleware of a mesh that was never opened, and ask strangers alone.
        directories: Directories | None = getattr(self, "_directories", None)
        return directories is not None and directories.is_known(service)

    async def call(self, target: Target, request: Outgoing, said: Said | None = None) -> aiohttp.ClientResponse:
        """Make one call, by the rules of its route where *said* does not say otherwise.

        Raises:
            Misused: where the mesh is not open.
            NoInstances: when there was nobody to send it to.
            StaleView: when the registry has been silent for longer than it allows.
            Overflow: when too many calls to its service are under way.
            CallFailed: when no attempt brought a response.
            DeadlineExceeded: when that was for want of time.
        """
        self._home.check()
        directory = self._directories.get(target)
        now = self._clock.now()
        plan = directory.plan
        if now >= plan.look_again_at:
            directory.look_again(now)
            plan = directory.plan
        rules = plan.rules
        if directory.routes or said is not None or request.lasts:
            plan, rules = _planned(directory, request, said)
        left = rules.timeout_s
        deadline_at = None if left is None else now + left
        incoming = context.current.get()
        if incoming is not None:
            deadline_at = tighten(deadline_at, incoming.deadline_at)
            left = remaining(deadline_at, now)
        flight = Flight(request, directory, plan, rules, now, deadline_at, Timer(self._timers), self._around)
        if self._observer is not None and self._observer.heeds():
            flight.observed()
        try:
            if directory.room.taken < plan.calm_below and plan.picker is not None:
                probed = self._chooser.probed(flight, now) if plan.due else None
                endpoint, probe = probed or plan.picker.pick(now, self._rng), probed is not None
                if directory.trouble is not None:
                    flight.looked_up(now)
            else:
                endpoint, probe = await self._chooser.first(flight)
                now = self._clock.now()
                left = remaining(deadline_at, now)
            await self._attempt(flight, endpoint, now, left, probe=probe)
            if flight.records:  # it was in vain
                await self._go_on(flight)
        except BaseException as error:
            flight.fail(error)
            raise
        answer = flight.answer
        if answer is None:
            failure = self._failure(flight)
            flight.fail(failure)
            raise failure from flight.error
        return flight.hand_over(answer)

    def limit_s(self, method: str, logical: Logical, said: Said) -> float | None:
        """How many seconds a call may last that begins now; ``None`` for as many as it takes."""
        self._home.check()
        incoming, now = context.current.get(), self._clock.now()
        plan = self._directories.get(logical.target).plan_for(method, logical.path)
        timeout_s = said.over(plan.rules).timeout_s
        own = None if timeout_s is None else now + timeout_s
        return remaining(own if incoming is None else tighten(own, incoming.deadline_at), now)

    async def _attempt(
        self,
        flight: Flight,
        endpoint: Endpoint,
        now: float,
        left: float | None,
        again: Again | None = None,
        *,
        probe: bool = False,
    ) -> None:
        request, rules = flight.request, flight.rules
        if left == 0 and again is None:  # a later one was decided on while there was time
            flight.directory.room.admit()
            raise self._failure(flight)
        tried = flight.departs(endpoint, now, again, probe=probe)
        try:
            headers = request.headers(endpoint)
            if left is not None:
                headers[wire.DEADLINE] = format_ms(left)
            incoming = context.current.get()
            if incoming is not None and incoming.important:
                headers.setdefault(wire.PRIORITY, wire.HIGH)
            if flight.call is not None and self._observer is not None:
                self._observer.sending(flight.call, tried.number, headers)
            last = tried.number >= rules.attempts or not (request.repeatable and request.replayable)
            timer = flight.timer
            limit_s = attempt_limit_s(rules.attempt_timeout_s, left, last=last)
            usual = flight.plan.rules
            if limit_s is not None and limit_s in (usual.attempt_timeout_s, usual.timeout_s):
                timer.set_usual(limit_s, now)
            else:
                timer.set(limit_s)
            with timer:
                response = await request.send(endpoint, headers, timer)
        except asyncio.CancelledError as error:
            flight.fails(tried, error, Outcome.CANCELLED, self._clock.now())
            raise
        except Exception as error:
            outcome = outcomes.of_error(error)
            if outcome is None:  # a mistake of the caller's, such as an argument that aiohttp does not know
                flight.fails(tried, error, Outcome.CANCELLED, self._clock.now())
                raise
            flight.fails(tried, error, outcome, self._clock.now())
            return
        status = response.status
        outcome = outcomes.ANSWERED if status < 429 else outcomes.of_response(status, response.headers)
        flight.arrives(tried, response, outcome, self._clock.now())

    async def _go_on(self, flight: Flight) -> None:
        verdict = self._decide(flight)
        if isinstance(verdict, Again):

            async def once_more(again: Again) -> Flight:
                endpoint = await self._chooser.other(flight)
                now = self._clock.now()
                await self._attempt(flight, endpoint, now, remaining(flight.deadline_at, now), again)
                return flight

            def decide_again(flight: Flight) -> Again | Stop:
                nonlocal verdict
                verdict = self._decide(flight)
                return verdict

            # Where no room comes free for another attempt, the last one stands.
            with flight.directory, suppress(Overflow):
                await repeat(flight, verdict, once_more, decide_again, self._clock)
        incoming = context.current.get()
        if incoming is not None and isinstance(verdict, Stop):
            incoming.exhausted |= verdict.exhausted

    def _exhausted(self, flight: Flight) -> bool:
        """Whether the far side says that it repeated its own calls in vain."""
        return flight.error is None and flight.answer is not None and outcomes.exhausted(flight.answer.headers)

    def _decide(self, flight: Flight) -> Again | Stop:
        now = self._clock.now()
        if flight.answered:
            return Stop(StopReason.OVER)
        if flight.renews():
            return Again(0.0, "kept connection ended")
        return decide(
            flight.records,
            limit=flight.rules.attempts,
            repeatable=flight.request.repeatable,
            replayable=flight.request.replayable,
            elsewhere=flight.plan.others(flight.tried) > 0,
            exhausted=self._exhausted(flight),
            remaining_s=remaining(flight.deadline_at, now),
            withdraw=lambda: flight.directory.budget.withdraw(now),
            rng=self._rng,
            patience_s=flight.began_at + flight.rules.patience_s - now,
        )

    def _failure(self, flight: Flight) -> CallFailed:
        target, records = flight.directory.target, flight.records
        left = remaining(flight.deadline_at, self._clock.now())
        if left is not None and left <= 0:
            return DeadlineExceeded(target, f"no response from {target} in time", records)
        return CallFailed(target, f"no response from {target}", records)


def _planned(directory: Directory, request: Outgoing, said: Said | None) -> tuple[Plan, Rules]:
    plan = directory.plan_for(request.method, request.path)
    rules = plan.rules if said is None else said.over(plan.rules)
    calm = rules.max_staleness_s is None and not request.lasts
    return (plan if calm else plan.never_calm()), rules
