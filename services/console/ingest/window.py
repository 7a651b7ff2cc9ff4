"""The times that a list of traces believes: not later than now, nor older than anything that is kept."""

from __future__ import annotations

from typing import NamedTuple

_S_NS = 10**9
# A clock that is ahead by more than that is no clock.
_AHEAD_S = 3_600


class Window(NamedTuple):
    """From when to when, as nanoseconds since 1970."""

    first: int
    last: int

    def nearest(self, moment: int) -> int:
        """*moment*, or the end of the window that it is beyond."""
        return min(max(moment, self.first), self.last)


def around(now: float, keep_s: float) -> Window:
    """What may be claimed at *now*, seconds since 1970, where *keep_s* is the age at which things go."""
    return Window(int((now - keep_s) * _S_NS), int((now + _AHEAD_S) * _S_NS))
