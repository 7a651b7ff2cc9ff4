"""Whether a process is asked for more than it can do, by how late its event loop is.

How long requests take would not tell that of one who mostly waits for others, as a gateway does: a service that hangs
behind it would look the same. Being late is a process's own: all that is ready waits as long as a timer does.

The rule is CoDel's (RFC 8289): a peak is no overload, a delay that stays above a target for an interval is. After an
overload the next one is seen at once, so that what is let in between two of them is little.
"""

from __future__ import annotations

# A request takes a handful of turns of the loop, so at twice as much most callers have begun to notice.
TARGET_S = 0.25
INTERVAL_S = 1.0
# For so long after an overload the interval is not waited for.
WARY_S = 10.0
# With less than so much under way it is the machine that is slow, however late it is, and refusing helps nobody.
LEAST = 32


class Lateness:
    """Told how late each tick of a timer was; ``standing`` says that the loop did not catch up for an interval."""

    __slots__ = ("_ended_at", "_since", "standing")

    def __init__(self) -> None:
        self.standing = False
        self._since: float | None = None
        self._ended_at = float("-inf")

    def rang(self, now: float, late_s: float) -> None:
        """A timer rang at *now*, so much later than it was to."""
        if late_s < TARGET_S:
            if self.standing:
                self._ended_at = now
            self._since, self.standing = None, False
            return
        if self._since is None:
            self._since = now
        patience_s = 0.0 if now - self._ended_at < WARY_S else INTERVAL_S
        self.standing = now - self._since >= patience_s
