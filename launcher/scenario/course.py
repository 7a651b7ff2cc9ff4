"""The course of a scenario: break, look until it shows, hold, heal, look until it is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from discovery.clock import Clock
from launcher.remote import ControlError
from launcher.scenario.scenario import Look, Scenario
from launcher.scenario.stage import Stage
from launcher.scenario.trouble import Trouble

# Spans are on their way for a second, and an order counts as slow after five; the rest is for a busy machine.
_SHOWS_S = 90.0
# An instance that was left out for long is asked again within a minute.
_GONE_S = 90.0
# A Consul that has just gone on has much to do.
_HEAL_S = 20.0
_POLL_S = 0.3


@dataclass(slots=True)
class Course:
    """What became of it. ``shown`` is what was seen, by the place where; the times are None for what did not come.

    ``unseen`` is where it did not show, and ``left`` where it did not go, with what was in the way of seeing.
    """

    shown: dict[Look, str] = field(default_factory=dict)
    unseen: dict[Look, str] = field(default_factory=dict)
    left: dict[Look, str] = field(default_factory=dict)
    shown_s: float | None = None
    gone_s: float | None = None
    interrupted: bool = False


class Play:
    """One *scenario* on one *stage*. *tell* hears of each look that shows something; *impatient* ends all looking."""

    def __init__(
        self, scenario: Scenario, stage: Stage, tell: Callable[[str], None], impatient: asyncio.Event | None = None
    ) -> None:
        self._scenario = scenario
        self._stage = stage
        self._tell = tell
        self._impatient = impatient or asyncio.Event()
        self.course = Course()

    async def run(self, hold: Callable[[], Awaitable[None]]) -> Course:
        """Play it; it stays broken until *hold* returns. To cancel it is to heal at once, and to look if that helped.

        Raises:
            ControlError: when it could not be broken, or not be healed.
        """
        course, stage, clock = self.course, self._stage, self._stage.clock
        began = clock.now()
        try:
            stage.since_s = clock.wall()
            async with self._scenario.broken(stage):
                if await self._shows(clock):
                    course.shown_s = round(clock.now() - began, 1)
                    await hold()
        except asyncio.CancelledError:
            self._interrupted()
        finally:
            await self._heal()
        began = clock.now()
        if not stage.is_over and await self._is_gone(clock):
            course.gone_s = round(clock.now() - began, 1)
        return course

    async def _heal(self) -> None:
        healing = asyncio.create_task(heal(self._scenario, self._stage))
        try:
            await asyncio.shield(healing)
        except asyncio.CancelledError:
            # Ctrl-C at this moment must not leave a broken system behind.
            self._interrupted()
            await healing

    def _interrupted(self) -> None:
        self.course.interrupted = True
        if task := asyncio.current_task():
            task.uncancel()

    async def _shows(self, clock: Clock) -> bool:
        """Look everywhere until it shows, but not for ever."""
        course, until = self.course, clock.now() + _SHOWS_S
        course.unseen = dict.fromkeys(self._scenario.looks, "")
        while course.unseen and clock.now() <= until and not self._impatient.is_set():
            for look in tuple(course.unseen):
                seen, course.unseen[look] = await self._sees(look)
                if seen:
                    del course.unseen[look]
                    course.shown[look] = seen
                    self._tell(f"shows now, {look.where}: {seen}")
            await clock.sleep(_POLL_S if course.unseen else 0)
        return not course.unseen

    async def _is_gone(self, clock: Clock) -> bool:
        """Look where it showed until it does so no longer, but not for ever."""
        course, until = self.course, clock.now() + _GONE_S
        course.left = {look: "" for look in course.shown if not look.stays}
        while course.left and clock.now() <= until and not self._impatient.is_set():
            for look in tuple(course.left):
                seen, trouble = await self._sees(look)
                # Whoever cannot look has not seen that it is gone.
                course.left[look] = trouble
                if not (seen or trouble):
                    del course.left[look]
            await clock.sleep(_POLL_S if course.left else 0)
        return not course.left

    async def _sees(self, look: Look) -> tuple[str, str]:
        """What shows there, and what is in the way of seeing."""
        try:
            return await look.sees(self._stage), ""
        except Trouble as trouble:
            return "", str(trouble)


async def heal(scenario: Scenario, stage: Stage) -> None:
    """Mend it, again and again where that does not work at once.

    Raises:
        ControlError: when it cannot be mended; not where the system has ended, which mends everything.
    """
    until = stage.clock.now() + _HEAL_S
    while not stage.is_over:
        try:
            await scenario.heal(stage)
        except ControlError:
            if stage.clock.now() > until:
                raise
            await stage.clock.sleep(_POLL_S)
        else:
            break
