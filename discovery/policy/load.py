"""How loaded an instance looks from here: its recent latency times the requests it has from us.

The latency is Finagle's *peak* EWMA. An answer slower than the average is taken over at once, a faster one only in
the course of seconds: an instance that becomes slow is left within one answer, and is trusted again slowly. Without
answers the average decays, so that nobody is avoided for ever for what it once was. The count of requests in flight
reacts where latency cannot, before the first answer: to a burst, and to an instance that hangs.

A failure is told as a very slow answer: a broken instance fails fast, and would otherwise look like the best one.

One that was never asked is cheap, so that somebody asks it; while that first answer is awaited it is dear, so that
nobody else does. Thus a new instance, which may not even be warm, begins with a single request.

Nothing here knows of weights: who balances divides the cost by them.
"""

from __future__ import annotations

from math import exp

# The time in which an old latency loses 63 % of its say. Finagle's and Linkerd's default.
DECAY_S = 10.0

# What an instance is taken for while its first answer is awaited. Finagle's penalty is nearly infinite; this one
# is above any usual answer and below a failure, so that the unknown is preferred to the broken.
UNPROVEN_S = 1.0

# Below this, latencies of an event loop are noise. It also keeps whoever was idle longest, and whose average has
# thus decayed most, from being given a whole burst: down here only requests in flight make a difference.
FLOOR_S = 0.001

# Linkerd's load biaser: the latency that a failure counts as, and the most that a Retry-After may.
FAILURE_S = 5.0
PENALTY_CAP_S = 300.0


class PeakEwma:
    """The load of one instance, as one event loop sees it. All times are monotonic seconds."""

    __slots__ = ("_at", "_in_flight", "_latency_s")

    def __init__(self) -> None:
        self._latency_s: float | None = None  # until there is an answer, or a failure
        self._at = 0.0
        self._in_flight = 0

    @property
    def in_flight(self) -> int:
        """How many requests we have there now."""
        return self._in_flight

    def start(self) -> None:
        """A request goes out."""
        self._in_flight += 1

    def end(self) -> None:
        """A request is over, however it went: its answer is read, or its caller is gone."""
        self._in_flight -= 1

    def observe(self, now: float, rtt_s: float) -> None:
        """An answer came *rtt_s* after its request was sent."""
        if self._latency_s is not None:
            weight = self._weight(now)
            # The average with a slower answer is below the answer itself, so the larger of the two is the peak rule.
            rtt_s = max(rtt_s, self._latency_s * weight + rtt_s * (1 - weight))
        self._latency_s = rtt_s
        self._at = now

    def penalise(self, now: float, seconds: float = FAILURE_S) -> None:
        """An attempt failed: count it as an answer that took *seconds*, which may be the server's Retry-After."""
        self._latency_s = max(min(seconds, PENALTY_CAP_S), (self._latency_s or 0.0) * self._weight(now))
        self._at = now

    def cost(self, now: float) -> float:
        """The seconds that one more request may expect to wait. Reads only."""
        waiting = self._in_flight
        if self._latency_s is None:
            return UNPROVEN_S * (waiting + 1) if waiting else FLOOR_S
        return max(self._latency_s * self._weight(now), FLOOR_S) * (waiting + 1)

    def _weight(self, now: float) -> float:
        """How much of the stored latency still counts: 1 when it is new, towards 0 as it ages."""
        age_s = now - self._at
        return exp(-age_s / DECAY_S) if age_s > 0 else 1.0
