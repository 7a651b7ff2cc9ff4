"""Who turned critical in a crowd that fell one by one.

Checks run each at its own time. When an agent loses its network, or whatever all checks lean on breaks, the first fails
now and the last an interval later, each in an answer of its own. That is as unlikely to be true as when all of them
turn in one answer, and is met likewise: those that fell are trusted until their checks have had time to run again.
"""

from __future__ import annotations

from collections.abc import Sequence

from discovery.model import Health, Instance, Place
from discovery.policy.membership import fallen, is_crowd

# One round of checks at their default interval of 5 s, of which the last takes its limit of 2 s.
WINDOW_S = 7.0


class Crowd:
    """Remembers, for one service, who has turned critical lately."""

    __slots__ = ("_fell",)

    def __init__(self) -> None:
        self._fell: dict[Place, float] = {}

    def suspects(self, old: Sequence[Instance], new: Sequence[Instance], now: float) -> frozenset[str]:
        """The ids of those that turned critical together, when one more of them did so between *old* and *new*."""
        fell = fallen(old, new)
        if self._fell:
            lying = {each.place for each in new if each.place in self._fell and each.health is Health.CRITICAL}
            self._fell = {place: at for place, at in self._fell.items() if place in lying and now - at < WINDOW_S}
        if not fell:
            return frozenset()
        self._fell |= {each.place: now for each in fell}
        well = len(self._fell) + sum(each.health is not Health.CRITICAL for each in new)
        if not is_crowd(len(self._fell), well):
            return frozenset()
        return frozenset(each.id for each in new if each.place in self._fell)
