"""A client in virtual time: the real policies, put together as a mesh does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import inf

from benchmarks.simulation.endpoint import Endpoint, Rules
from benchmarks.simulation.loop import Loop
from benchmarks.simulation.server import HOP_S, Answer, Request, Server
from discovery.model import Attempt, Outcome
from discovery.policy.balancer import Picker
from discovery.policy.budget import RetryBudget
from discovery.policy.ejection import Field, candidates, judge
from discovery.policy.load import LEAVING_S
from discovery.policy.picker import joined_again
from discovery.policy.retry import Again, decide
from discovery.policy.standing import Peers, evidence


@dataclass(slots=True)
class Done:
    """One call that is over."""

    name: str
    began_at: float
    took_s: float
    well: bool
    repeatable: bool
    sent: tuple[str, ...]  # to whom, in turn


@dataclass(slots=True)
class Call:
    """One call under way."""

    number: int
    began_at: float
    deadline_at: float
    repeatable: bool
    then: Callable[[bool, bool], None] | None
    records: list[Attempt] = field(default_factory=list)
    tried: list[Endpoint] = field(default_factory=list)
    waited_s: float = 0.0


class Client:
    """Calls *servers*; ``done`` has every call that is over."""

    def __init__(
        self,
        loop: Loop,
        name: str,
        servers: Sequence[Server],
        rules: Rules | None = None,
        weights: Sequence[float] | None = None,
    ) -> None:
        self.name = name
        self.done: list[Done] = []
        self.ejections: list[tuple[float, str]] = []
        self.probes: list[tuple[float, str, bool]] = []
        self.repeats: Counter[Outcome] = Counter()  # by what they repeat
        self.under_way = 0
        self.budget = RetryBudget()
        self._loop = loop
        self._rules = rules or Rules()
        self._peers = Peers(len(servers))
        self._endpoints = [
            Endpoint(server, self._peers, -inf, weight)
            for server, weight in zip(servers, weights or [1.0] * len(servers), strict=True)
        ]
        self._calls = 0
        self._field: Field[Endpoint]
        self._picker: Picker[Endpoint]
        self._compile()

    def replace(self, servers: Sequence[Server]) -> None:
        """These are the instances from now on."""
        known = {id(endpoint.server): endpoint for endpoint in self._endpoints}
        self._endpoints = [known.get(id(server)) or Endpoint(server, self._peers, self._loop.now) for server in servers]
        self._peers.members = len(servers)
        self._compile()

    def call(
        self,
        *,
        deadline_at: float | None = None,
        repeatable: bool = True,
        timeout_s: float = 15.0,
        then: Callable[[bool, bool], None] | None = None,
    ) -> None:
        """Make a call; *then* is told whether it went well, and whether retries are exhausted."""
        now = self._loop.now
        self._calls += 1
        self.under_way += 1
        limit_at = now + timeout_s
        self._attempt(
            Call(
                self._calls,
                now,
                limit_at if deadline_at is None else min(deadline_at, limit_at),
                repeatable,
                then,
            )
        )

    def _compile(self) -> None:
        now = self._loop.now
        self._field = candidates(self._endpoints, now)
        self._picker = self._rules.balance(self._field.within, now)

    def _choose(self, call: Call) -> tuple[Endpoint, bool]:
        now, rng = self._loop.now, self._loop.rng
        if now >= self._field.look_again_at:
            self._compile()
        if not call.tried:
            for due in self._field.due:
                if due.standing.is_due(now, repeatable=call.repeatable):
                    due.standing.probe(now)
                    self._compile()
                    return due, True
        if not call.tried:
            return self._picker.pick(now, rng), False
        return self._picker.pick_other(now, rng, call.tried) or call.tried[-1], False

    def _attempt(self, call: Call) -> None:
        now = self._loop.now
        endpoint, probe = self._choose(call)
        call.tried.append(endpoint)
        endpoint.load.start(now)
        last = len(call.records) + 1 >= self._rules.attempts or not call.repeatable
        limit_s = call.deadline_at - now if last else min(self._rules.attempt_timeout_s, call.deadline_at - now)
        request = Request(f"{self.name}-{call.number}", call.deadline_at, _nothing, now)
        self._loop.note(request.call, "to", endpoint.server.instance.id, "probe" if probe else "")
        request.answer = lambda request, answer: self._settle(call, endpoint, request, answer, probe=probe)
        self._loop.after(HOP_S, partial(endpoint.server.take, request))
        self._loop.after(limit_s, lambda: self._settle(call, endpoint, request, Answer(Outcome.TIMED_OUT), probe=probe))

    def _settle(self, call: Call, endpoint: Endpoint, request: Request, answer: Answer, *, probe: bool) -> None:
        if request.settled:
            return
        request.settled = True
        loop, load = self._loop, endpoint.load
        now = loop.now
        took_s = now - request.began_at
        loop.note(self.name, call.number, answer.outcome.value, answer.status or "")
        call.records.append(
            Attempt(
                number=len(call.records) + 1,
                instance=endpoint.server.instance,
                outcome=answer.outcome,
                status=answer.status,
                duration_s=took_s,
                retry_after_s=answer.retry_after_s,
            )
        )
        says = evidence(answer.outcome, answer.status)
        timed_out = answer.outcome is Outcome.TIMED_OUT
        if timed_out and now >= call.deadline_at and took_s < self._rules.attempt_timeout_s:
            says = None  # our own limit
        if says:
            load.observe(now, took_s, proof=answer.status is not None and answer.status < 400)
        elif timed_out:
            load.give_up(now, took_s)
        else:
            load.penalise(now, LEAVING_S if answer.outcome is Outcome.NACKED else answer.retry_after_s)
        load.end()
        self._judge(endpoint, says, probe=probe)
        self._go_on(call, endpoint, answer)

    def _judge(self, endpoint: Endpoint, says: bool | None, *, probe: bool) -> None:
        if not self._rules.ejects:
            return
        now, standing, instance = self._loop.now, endpoint.standing, endpoint.server.instance
        if probe:
            self.probes.append((now, instance.id, bool(says)))
        if says is None:
            if probe:
                standing.undecided(now)
                self._compile()
        elif says:
            if standing.succeeded(now, probe=probe):
                endpoint.load.reset()
                endpoint.since = joined_again(now)
                self._compile()
        elif standing.failed(probe=probe):
            out_s = judge(standing, [each.standing for each in self._endpoints], now, self._loop.rng)
            self._loop.note(self.name, "puts out" if out_s else "has nobody better than", instance.id)
            if out_s is not None:
                self.ejections.append((now, instance.id))
            self._compile()

    def _go_on(self, call: Call, endpoint: Endpoint, answer: Answer) -> None:
        now = self._loop.now
        well = answer.outcome is Outcome.ANSWERED and (answer.status or 0) < 500
        if well:
            self.budget.deposit(now)
        verdict = decide(
            call.records,
            limit=self._rules.attempts,
            repeatable=call.repeatable,
            replayable=True,
            elsewhere=any(each not in call.tried for each in self._field.within),
            exhausted=answer.exhausted,
            remaining_s=call.deadline_at - now,
            withdraw=lambda: self.budget.withdraw(now),
            rng=self._loop.rng,
            patience_s=self._rules.patience_s - call.waited_s,
        )
        if isinstance(verdict, Again):
            self.repeats[answer.outcome] += 1
            if len(set(map(id, call.tried))) == 1 and answer.outcome in {Outcome.UNSENT, Outcome.NACKED}:
                call.waited_s += verdict.delay_s
            self._loop.after(verdict.delay_s, lambda: self._attempt(call))
            return
        self.under_way -= 1
        self.done.append(
            Done(
                f"{self.name}-{call.number}",
                call.began_at,
                now - call.began_at,
                well,
                call.repeatable,
                tuple(record.instance.id for record in call.records),
            )
        )
        if call.then is not None:
            call.then(well, verdict.exhausted)


def _nothing(request: Request, answer: Answer) -> None:
    """Nobody waits yet."""
