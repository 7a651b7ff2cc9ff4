"""Load that a process sheds since it cannot keep up: its own timer tells, and its log says so."""

from __future__ import annotations

import logging
from typing import NoReturn

from discovery.clock import Clock
from discovery.policy.lateness import LEAST, Lateness
from discovery.runtime.under_way import UnderWay

logger = logging.getLogger(__name__)

# Refusing lasts for as many of them as the loop needs to catch up, and what comes in one is let in.
TICK_S = 0.1


class Shedding:
    """``late`` says that this process cannot keep up; :meth:`sheds`, whether a request is refused for it."""

    __slots__ = ("_clock", "_lateness", "_refused", "_under_way", "late")

    def __init__(self, clock: Clock, under_way: UnderWay) -> None:
        self._clock = clock
        self._under_way = under_way
        self._lateness = Lateness()
        self._refused = 0
        self.late = False

    async def watch(self) -> NoReturn:
        """Follow the event loop, for ever."""
        while True:
            due = self._clock.now() + TICK_S
            await self._clock.sleep(TICK_S)
            now, before = self._clock.now(), self.late
            self._lateness.rang(now, now - due)
            self.late = self._lateness.standing
            if before and not self.late:
                self._tell_end()

    def sheds(self) -> bool:
        """Whether the request that came just now, and is under way, is one too many."""
        if not self.late or len(self._under_way) <= LEAST:
            return False
        if not self._refused:
            logger.warning(
                "more is asked for than this process can do: its event loop is late for a while already, with %d "
                "requests under way, so those that come now are refused; more instances or more CPU would mend that",
                len(self._under_way),
            )
        self._refused += 1
        return True

    def _tell_end(self) -> None:
        if self._refused:
            logger.info("this process keeps up again, and has refused %d requests", self._refused)
        self._refused = 0
