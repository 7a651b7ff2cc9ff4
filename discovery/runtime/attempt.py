"""One attempt: a request sent to an instance, what came of it, and what that means for the instance."""

from __future__ import annotations

import aiohttp

from discovery.model import Attempt, Outcome
from discovery.policy.retry import Again
from discovery.policy.standing import evidence
from discovery.runtime import outcomes
from discovery.runtime.directory import Directory
from discovery.runtime.endpoint import Endpoint
from discovery.runtime.plan import Plan

_ERROR_TEXT_MAX = 200


class Tried:
    """An attempt, from the moment at which it goes out.

    It is *over* when its connection is free again: the last byte was read or the response released, or no answer came.
    The balancer and whoever observes take that as its end.
    """

    __slots__ = (
        "_again",
        "_candidates",
        "_directory",
        "_ended_at",
        "_error",
        "_excused",
        "_head_s",
        "_outcome",
        "_plan",
        "_probe",
        "_retry_after_s",
        "_sent_at",
        "_status",
        "endpoint",
        "number",
        "over",
    )

    _outcome: Outcome
    _status: int | None

    def __init__(
        self, number: int, endpoint: Endpoint, directory: Directory, plan: Plan, now: float, *, probe: bool = False
    ) -> None:
        self.number = number
        self.endpoint = endpoint
        self.over = False
        self._directory = directory
        self._plan = plan
        self._probe = probe
        self._sent_at = now
        self._again: Again | None = None
        self._candidates = 0
        self._excused = False
        self._error = ""
        self._retry_after_s: float | None = None
        directory.room.taken += 1
        endpoint.load.start(now)

    def repeats(self, again: Again, candidates: int) -> None:
        """It is not the first of its call; so many *candidates* were left to choose from."""
        self._again = again
        self._candidates = candidates

    def arrives(self, response: aiohttp.ClientResponse, outcome: Outcome, now: float, *, improvable: bool) -> None:
        """The head of an answer is there, and was judged.

        The attempt is not over yet, but when there may be another one: what does not answer, or a 500 that is
        *improvable* since the request may be sent again.
        """
        self._head_s = head_s = now - self._sent_at
        self._status = status = response.status
        self._outcome = outcome
        load = self.endpoint.load
        if status < 500 and outcome is outcomes.ANSWERED:
            load.observe(now, head_s, proof=status < 400)
            if self._probe:  # a stream may last, and nobody else asks meanwhile
                self._directory.heard(self.endpoint, works=True, now=now, probe=True, why="")
            return
        retry_after_s = outcomes.retry_after(response.headers)
        self._excused = not outcomes.speaks_against(status, response.headers)
        if self._excused:
            load.observe(now, head_s, proof=False)
        else:
            load.penalise(now, retry_after_s)
        if improvable or outcome is not outcomes.ANSWERED:
            self._retry_after_s = retry_after_s
            self._ends(now)

    def fails(self, error: BaseException, outcome: Outcome, now: float, *, full: bool) -> None:
        """No answer came. It had its *full* time, or was cut short by a limit of ours."""
        self._head_s = now - self._sent_at
        self._status = None
        self._outcome = outcome
        self._error = outcomes.told(error)[:_ERROR_TEXT_MAX]
        stale = isinstance(error, outcomes.Stale)
        if outcome is Outcome.TIMED_OUT:
            self.endpoint.load.give_up(now, self._head_s)
            self._excused = not full
        elif stale:
            self._excused = True
        elif outcome is not Outcome.CANCELLED:
            self.endpoint.load.penalise(now)
        self._ends(now, heard=not stale and outcome is not Outcome.CANCELLED)

    def freed(self, now: float, *, broken: bool, full: bool) -> None:
        """The connection is free again, and the body was read, given up or *broken* off."""
        self._lands(now)
        if broken:
            self._outcome = Outcome.BROKEN
            self._excused = not full
            self.endpoint.load.broke(now)
        self._tell(now)

    def switches(self, now: float) -> None:
        """Another protocol is spoken from now on. It is judged, and its instance stays busy until it :meth:`closes`."""
        self.over = True
        self._ended_at = now
        self._tell(now)

    def closes(self, now: float, *, broken: bool) -> None:
        """What was spoken after it ended, or *broke* off without a word. Its record is out, and stays as it was."""
        self._directory.room.leave()
        self.endpoint.load.end()
        if broken:
            self.endpoint.load.broke(now)
            self._directory.heard(self.endpoint, works=False, now=now, probe=False, why=Outcome.BROKEN.value)

    def age(self, now: float) -> float:
        """How long ago it went out."""
        return now - self._sent_at

    def _ends(self, now: float, *, heard: bool = True) -> None:
        self._lands(now, heard=heard)
        self._tell(now)
        if self._outcome is Outcome.UNSENT or self._outcome is Outcome.NACKED:
            self._directory.refused(self.endpoint, now)

    def _lands(self, now: float, *, heard: bool = True) -> None:
        self.over = True
        self._ended_at = now
        self._directory.room.leave()
        self.endpoint.load.end(heard=heard)

    def _tell(self, now: float) -> None:
        outcome, status = self._outcome, self._status
        if outcome is outcomes.ANSWERED and status is not None and status < 500:
            self._directory.budget.deposit(now)
            if not self._probe:
                self.endpoint.standing.succeeded(now)
                return
        works = None if self._excused else evidence(outcome, status)
        why = outcome.value if status is None or status < 500 else str(status)
        self._directory.heard(self.endpoint, works, now, probe=self._probe, why=why)

    def record(self) -> Attempt:
        """What is known of it."""
        again = self._again
        return Attempt(
            number=self.number,
            instance=self.endpoint.instance,
            outcome=self._outcome,
            status=self._status,
            duration_s=self._head_s,
            error=self._error,
            retry_after_s=self._retry_after_s,
            reason=again.reason if again else "",
            waited_s=again.delay_s if again else 0.0,
            candidates=self._candidates or len(self._plan.candidates),
            pool=self._plan.health,
            ejected=self._plan.ejected,
            probe=self._probe,
            began_at=self._sent_at,
            ended_at=self._ended_at if self.over else 0.0,
        )
