"""Where a blocking query resumes, how often it may, and how long the client waits for it.

Three rules of Consul's documentation on blocking queries, which nearly every client gets wrong in one place:

- The index may go backwards (a restored snapshot, a lagging server) and may be missing. Waiting on the old one
  would miss changes for ever; waiting on zero would not wait at all, and spin. :class:`Cursor` is this rule.
- A query may wake without news, and a busy registry wakes it constantly. A pause in every turn would make each
  change late, so Consul advises a token bucket with a burst of two: the first changes are seen at once, and only
  a storm of them is slowed down. But ten instances that start together are no storm, and with a burst of two all but
  the first two would be seen a second late. So four more reads come early, each after twice the pause of the one
  before: what happens within a part of a second is seen a part of a second later. :class:`Pace` is this rule.
- The registry adds up to a sixteenth of the wait as jitter before it answers. A client limit below that breaks
  off a healthy query in every quiet minute, and counts it as an error. :func:`client_limit_s` is this rule.

The index says when to look, never what changed: two answers are compared by content (``membership``).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, inf

# Below the 60 s after which proxies and load balancers commonly cut a silent connection. Consul's own default is
# 5 min: so long a silence would hide a half-open connection.
WAIT_S = 55.0

# For the way there and back, and for a registry that is slow but well.
_MARGIN_S = 10.0

# Consul's advice is a burst of two. Those after it wait for so long that whatever happens together is read together,
# and no longer than what happened has lasted: that is what doubling does. The refill is ours: at one read a second a
# rolling deploy is still seen as it happens, and a hundred followed services cost an agent a hundred reads a second.
_AT_ONCE = 2
_EARLY_S = (0.05, 0.1, 0.2, 0.4)
_BURST = _AT_ONCE + len(_EARLY_S)
_REFILL_PER_S = 1.0


@dataclass(frozen=True, slots=True)
class Cursor:
    """The index to wait on next; zero asks the registry to answer at once."""

    index: int = 0

    def advance(self, index: int) -> Cursor:
        """Return where to go on after an answer with this *index*; at zero, the answer itself is not to be used.

        An index below ours comes from a registry that was restored, or from a server that lags. Its answer may be
        older than what is known: the cursor goes back to zero, and the fresh read that this asks for decides. An
        index of zero or less is a fault of the far side and counts as one, which is always safe to wait on.
        """
        valid = max(index, 1)
        return Cursor() if valid < self.index else Cursor(valid)


class Pace:
    """A token bucket that says how long a loop waits before its next read.

    The first tokens are given at once, the last ones of a burst after a pause that grows the emptier the bucket is.
    Kept as the one moment at which the bucket will be full again (the generic cell rate algorithm), so nothing
    has to tick.
    """

    __slots__ = ("_full_at",)

    def __init__(self) -> None:
        self._full_at = -inf

    def delay(self, now: float) -> float:
        """Take a token, and return the seconds until it is there: zero for the first two of a burst."""
        self._full_at = max(self._full_at, now) + 1 / _REFILL_PER_S
        taken = (self._full_at - now) * _REFILL_PER_S
        early = ceil(taken - _AT_ONCE)
        pause_s = _EARLY_S[min(early, len(_EARLY_S)) - 1] if early > 0 else 0.0
        return max(pause_s, (taken - _BURST) / _REFILL_PER_S)


def wait_s(index: int) -> float:
    """How long a read may block. One that is to answer at once must not be waited for as long as one that blocks."""
    return WAIT_S if index else 0.0


def client_limit_s(wait_s: float) -> float:
    """After how many seconds a query that was to block for *wait_s* has certainly been lost."""
    return wait_s * 17 / 16 + _MARGIN_S
