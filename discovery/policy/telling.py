"""How often a trouble that goes on is told: at once, and then rarely.

Nothing that happens to a mesh happens per call, but a registry that is away, or a fleet that fails, makes the same news
over and over. Whoever looks on wants the first of it at once, and later a sign that it goes on.
"""

from __future__ import annotations

from math import inf

# What a service that calls a handful of others has to say when all of them go at once; later a line in half a minute,
# which nobody has to scroll through.
_BURST = 10
_PERIOD_S = 30.0
_REMIND_EVERY_S = 60.0


def is_news(failures: int) -> bool:
    """Whether so many failures in a row are worth a word: the 1st, 2nd, 4th, 8th ... are."""
    return failures & (failures - 1) == 0


class Reminders:
    """What waits for somebody to act is told at once, and then each minute, whoever read of it last."""

    __slots__ = ("_told",)

    def __init__(self) -> None:
        self._told: dict[str, float] = {}

    def are_due(self, what: str, now: float, *, first: bool) -> bool:
        """Whether *what*, which has just begun (*first*) or goes on, is to be told now."""
        if not first and now - self._told.get(what, -inf) < _REMIND_EVERY_S:
            return False
        # What is not told any more is over; nothing is remembered for ever.
        self._told = {each: at for each, at in self._told.items() if now - at < 2 * _REMIND_EVERY_S}
        self._told[what] = now
        return True


class Quota:
    """How many lines of one kind may be written; those that were not are counted for the next one."""

    __slots__ = ("_full_at", "_left_out")

    def __init__(self) -> None:
        self._full_at = -inf
        self._left_out = 0

    def left_out(self, now: float) -> int | None:
        """How many lines were left out before this one; ``None`` leaves it out, too."""
        full_at = max(self._full_at, now) + _PERIOD_S
        if full_at - now > _BURST * _PERIOD_S:
            self._left_out += 1
            return None
        self._full_at = full_at
        left_out, self._left_out = self._left_out, 0
        return left_out
