"""Whether the registry is in reach, as all know together who ask it from one process."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from discovery.errors import RegistryError, RegistryRejected
from discovery.policy.recovery import Asker, Recovery
from discovery.runtime.surroundings import Surroundings


class Reach:
    """Shared by the watches, the registration, the heartbeat and the live settings of a mesh."""

    def __init__(self, around: Surroundings) -> None:
        self._clock = around.clock
        self._rng = around.rng
        self._recovery = Recovery()
        self._answers = 0
        self._answer = asyncio.Event()  # set with the next one, if anybody waits for it
        self._waiting = 0

    async def turn(self) -> None:
        """Wait until one may ask: at once, but for the time after the registry came back."""
        while (delay_s := self._recovery.turn(self._clock.now(), self._rng)) > 0:
            await self._clock.sleep(delay_s)
            # It may have answered just once: an agent that ends says goodbye to some of its readers.
            if not self._recovery.is_away:
                return
            if not await self._answer_within(self._recovery.probe(self._clock.now(), self._rng)):
                return

    def answered(self, asker: Asker | None = None) -> None:
        """The registry answered: whoever waits for that may ask again."""
        if asker is not None:
            asker.answered()
        self._answers += 1
        self._recovery.answered(self._clock.now(), waiting=self._waiting > 0)
        if self._waiting:
            answer, self._answer = self._answer, asyncio.Event()
            answer.set()

    def failed(self, asker: Asker, error: RegistryError) -> float:
        """The registry did not answer *asker*, or refused him: after so many seconds he asks again, at the latest."""
        refused = isinstance(error, RegistryRejected)
        return self._recovery.failed(asker, self._clock.now(), self._rng, refused=refused)

    async def pause(self, asker: Asker, pause_s: float) -> None:
        """Wait for *pause_s*, or until the registry answers somebody."""
        asker.woken = await self._answer_within(pause_s, asker.least_s)

    async def _answer_within(self, limit_s: float, least_s: float = 0.0) -> bool:
        """Wait for an answer to anybody, up to *limit_s*, and not less than *least_s*; whether there was one."""
        answers = self._answers
        self._waiting += 1
        try:
            if least_s:
                await self._clock.sleep(least_s)
            if self._answers == answers and limit_s > least_s:
                with suppress(TimeoutError):
                    async with self._clock.timeout(limit_s - least_s):
                        await self._answer.wait()
        finally:
            self._waiting -= 1
        return self._answers != answers
