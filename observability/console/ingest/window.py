"""The times that a list of traces believes: hardly later than now, nor older than anything that is kept."""

from __future__ import annotations

from typing import NamedTuple

_S_NS = 10**9
# A clock that is ahead by more than that is no clock.
_AHEAD_S = 300


class Window(NamedTuple):
    """From when to when, and the time of arrival; nanoseconds since 1970."""

    first: int
    last: int
    arrival: int

    def believed(self, moment: int) -> int:
        """*moment*; or, of one beyond the window, the time of arrival, which is all that is known."""
        return moment if self.first <= moment <= self.last else self.arrival


def around(now: float, keep_s: float) -> Window:
    """What may be claimed at *now*, seconds since 1970, where *keep_s* is the age at which things go."""
    return Window(int((now - keep_s) * _S_NS), int((now + _AHEAD_S) * _S_NS), int(now * _S_NS))
