"""Retries as a fraction of the calls that succeed.

Why a budget and not a maximum? A maximum of three attempts bounds one call and nothing else. When a service is
down every call uses all of them: its load triples just when it can bear least, and three layers of callers make
it twenty-seven times. That is the usual way in which an overload outlives its cause. A budget bounds the sum: in
good times a call may be repeated as often as its maximum says, since few need it; when many fail, repeating stops
by itself, and what is added to the load never exceeds the given fraction.

Calls earn when they succeed. Finagle's and tower's earn whether or not, so an outage goes on paying for its own
retries; here it spends what the ten seconds before it earned, and then the calls alone find out when it is over.
What is earned expires after these ten seconds, so a quiet night saves nothing up for a storm.

A reserve makes up for a client that calls rarely, whose fraction of nearly nothing would forbid every retry. It would
also double the load of a service that is down and called once a second, so it is opened by success: after each, it
pays for two retries, all that a call of three attempts can use, and then for none until the service succeeds again.

What was provably never processed costs nothing (``policy.retry`` does not ask): a refused connection is no load.
"""

from __future__ import annotations

# The window is cut into slots that expire one by one: a call costs one addition, whatever the rate.
_SLOTS = 10

# How many retries the reserve pays for after a success.
_A_CALL = 2


class RetryBudget:
    """Allows ``ratio`` retries for each success, and ``reserve_per_s`` on top, over the last ``ttl_s`` seconds.

    Finagle grants 20 % and 10 a second. Google's SRE book holds a client to 10 %; eight leaves room for the
    reserve below that. One budget is shared by all that one process sends to one service.
    """

    __slots__ = ("_calls", "_ends_at", "_now", "_opened", "_ratio", "_reserve", "_retries", "_slot_s", "_tick")

    def __init__(self, *, ratio: float = 0.08, reserve_per_s: float = 1.0, ttl_s: float = 10.0) -> None:
        self._ratio = ratio
        self._reserve = reserve_per_s * ttl_s
        self._slot_s = ttl_s / _SLOTS
        # Whole counts, not sums of ratios: adding 0.08 a million times would drift.
        self._calls = [0] * _SLOTS
        self._retries = [0] * _SLOTS
        self._tick = 0
        self._now = 0  # the slot of the latest moment, and when that slot is over
        self._ends_at = 0.0
        # One that has just started may find some of its peers broken, and has earned nothing.
        self._opened = int(self._reserve)

    def deposit(self, now: float) -> None:
        """Count a call that succeeded: once for each, not for each attempt, or retries would pay for retries."""
        self._calls[self._now if now < self._ends_at else self._slot(now)] += 1
        self._opened = _A_CALL

    def withdraw(self, now: float) -> bool:
        """Take one retry out, if it is there."""
        slot = self._slot(now)
        left = self._ratio * sum(self._calls) - sum(self._retries)
        if left < 1:
            if not self._opened or left + self._reserve < 1:
                return False
            self._opened -= 1
        self._retries[slot] += 1
        return True

    def balance(self, now: float) -> float:
        """How many retries are left. Below zero after calls expired that had paid for younger retries."""
        self._slot(now)
        earned = self._ratio * sum(self._calls) - sum(self._retries)
        # What is opened of the reserve adds to what calls earned, and not to the retries that they did not pay.
        return min(earned + self._reserve, max(earned, 0.0) + self._opened)

    def _slot(self, now: float) -> int:
        """The slot of this moment, after emptying those whose time has passed since the last look."""
        tick = int(now / self._slot_s)
        if tick > self._tick:
            for passed in range(self._tick + 1, min(tick, self._tick + _SLOTS) + 1):
                self._calls[passed % _SLOTS] = self._retries[passed % _SLOTS] = 0
            self._tick, self._now, self._ends_at = tick, tick % _SLOTS, (tick + 1) * self._slot_s
        return self._now
