"""The places of this server, where live settings limit them: requests wait here for what the policy decides."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from math import inf
from sys import maxsize
from typing import Literal

from discovery.clock import Clock
from discovery.policy.adaptive_limit import AdaptiveLimit
from discovery.policy.admission import Admission
from discovery.policy.limit import FixedLimit, Limit
from discovery.policy.queue import Waiting
from discovery.runtime.settings import Settings
from discovery.runtime.under_way import Work


@dataclass(slots=True, eq=False)
class _Ticket:
    """``said`` is the answer. It may come when nobody waits for it any more."""

    answered: asyncio.Future[None]
    said: bool | None = None

    def say(self, said: bool) -> None:
        self.said = said
        if not self.answered.done():
            self.answered.set_result(None)


class Places:
    """Gives each request a place, now or later, or none."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._said: int | Literal["adaptive"] | None = None
        self._admission: Admission[_Ticket] = Admission(_limit(None))

    async def enter(self, work: Work) -> bool:
        """Wait for a place. False when there is none for it."""
        self._follow()
        if not self._admission.enter(important=work.important) and not await self._waited(work):
            return False
        work.placed_at = self._clock.now()
        return True

    def leave(self, work: Work, *, telling: bool) -> None:
        """Give its place back, if it still has one; *telling* says that its latency is one of this server's work."""
        if work.placed_at is not None:
            took_s = self._clock.now() - work.placed_at
            work.placed_at = None
            self._give_back(took_s if telling else None)

    def retry_after_s(self) -> float:
        """In how many seconds there should be room again; 0 where nobody knows."""
        return self._admission.retry_after_s()

    async def _waited(self, work: Work) -> bool:
        ticket = _Ticket(asyncio.get_running_loop().create_future())
        now = self._clock.now()
        one = Waiting(ticket, now, inf if work.deadline_at is None else work.deadline_at, work.important)
        for refused in self._admission.wait(one, now):
            refused.ticket.say(False)
        try:
            await ticket.answered
        except asyncio.CancelledError:
            if ticket.said is None:
                self._admission.withdraw(one)
            elif ticket.said:
                self._give_back(None)
            raise
        return bool(ticket.said)

    def _give_back(self, took_s: float | None) -> None:
        self._follow()
        admitted, refused = self._admission.leave(self._clock.now(), took_s)
        for one in refused:
            one.ticket.say(False)
        for one in admitted:
            one.ticket.say(True)

    def _follow(self) -> None:
        if self._settings.limit != self._said:
            self._said = self._settings.limit
            self._admission.limit = _limit(self._said)


def _limit(said: int | Literal["adaptive"] | None) -> Limit:
    # Where it was taken away, those who wait under it are all let in.
    return AdaptiveLimit() if said == "adaptive" else FixedLimit(maxsize if said is None else said)
