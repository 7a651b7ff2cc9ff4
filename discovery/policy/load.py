"""How loaded an instance looks from here: its recent latency times the requests it has from us.

The latency is Finagle's *peak* EWMA. An answer slower than the average is taken over at once, a faster one only in
the course of seconds: an instance that becomes slow is left within one answer, and is trusted again slowly. Without
answers the average decays, so that nobody is avoided for ever for what it once was. The count of requests in flight
reacts where latency cannot, before the first answer: to a burst.

An instance that hangs gives no answer to learn from, so silence counts as latency: the time in which at least one
request waits there for its head, and no head comes. Requests that only read their bodies do not wait. The age of the
oldest request was the other choice; it needs a queue, and one long report would make an instance look hung that answers
everybody else at once.

A failure is no answer, however fast. It costs a small multiple of the average for a moment, or until an answer comes,
and apart from the average, so that failures do not build up: taking out is ejection's affair, and one 500 among
thousands must not cost an instance its traffic. What is left of a ``Retry-After`` counts as asked.

An answer that is no proof of work, a 404 or a 401, may tell that an instance is slow and never that it is fast: a
misdeployed one refuses in no time. Nor does the average decay meanwhile.

One that was never asked is cheap, so that somebody asks it; while a first proof is awaited it is dear, so that
nobody else does. Thus a new instance, which may not even be warm, begins with a single request.

Nothing here knows of weights: who balances says how many requests an instance should have for each of another's.
"""

from __future__ import annotations

from math import exp, inf

# The time in which an old latency loses 63 % of its say. Finagle's and Linkerd's default.
DECAY_S = 10.0

# What an instance is taken for until it has proved itself, once it was asked. Finagle's penalty is nearly infinite;
# this one is above any usual answer, and below the longest Retry-After.
UNPROVEN_S = 1.0

# Below this, latencies of an event loop are noise. It also keeps whoever was idle longest, and whose average has
# thus decayed most, from being given a whole burst: down here only requests in flight make a difference.
FLOOR_S = 0.001

# A failure counts as so many average answers, and as two after 0.2 s. Longer was tried: an instance that fails now and
# then had so few calls that it took ten seconds to find out.
FAILURE_TIMES = 3.0
FAILURE_DECAY_S = 0.5

# The most that it counts as, and what it does of one that never answered: Linkerd's latency of any failure.
FAILURE_S = 5.0

# A penalty that is below so many average answers is as good as over.
_FORGIVEN = 2.0

# A silence of so many usual answers is none: the average is a peak, and lasts.
SILENT_TIMES = 3.0

# One failure is noise, and with many calls there is always one; two in a row are none, nor is one in vain waited for.
IN_A_ROW = 2

# The most that a Retry-After may: Linkerd's.
PENALTY_CAP_S = 300.0

# One number for all: each ``-inf`` in the code makes another.
_NEVER = -inf


# For how long one is spared that said it is leaving: about as long as it drains, since the registry may not know yet.
LEAVING_S = 5.0


class PeakEwma:
    """The load of one instance, as one event loop sees it. All times are monotonic seconds.

    A request is started once and ended once, and in between it is told what came: an answer, a failure, or nothing.
    """

    __slots__ = (
        "_asked",
        "_at",
        "_failures",
        "_latency_s",
        "_penalised_at",
        "_penalty_s",
        "_rests_until",
        "_silent_since",
        "_waiting",
        "in_flight",
        "started_at",
    )

    def __init__(self) -> None:
        self.in_flight = 0  # how many requests we have there now
        self._waiting = 0  # those of them whose head has not come
        self._silent_since = inf
        self.started_at = _NEVER  # when it was last asked
        self.reset()

    def reset(self) -> None:
        """Forget what was learnt, since the instance was away and is somebody new; what is under way still is."""
        self._latency_s: float | None = None  # until there is a proof
        self._at = 0.0
        self._penalty_s = 0.0
        self._penalised_at = 0.0
        self._rests_until = _NEVER
        self._failures = 0  # in a row
        self._asked = False  # whether anything came back

    def start(self, now: float = inf) -> None:
        """A request goes out."""
        self.started_at = now
        if not self._waiting:
            self._silent_since = now
        self._waiting += 1
        self.in_flight += 1

    def end(self, *, heard: bool = True) -> None:
        """A request is over. *heard* is false when its caller left before anything was observed."""
        self.in_flight -= 1
        if not heard:
            self._waiting -= 1

    def observe(self, now: float, rtt_s: float, *, proof: bool = True) -> None:
        """The head of an answer came *rtt_s* after its request was sent. Without *proof* it cannot speak for it."""
        if self._waiting:
            self._waiting -= 1
        self._silent_since = now
        self._failures = 0
        latency_s = self._latency_s
        if latency_s is None:
            self._asked = True
            if not proof:
                return
        elif rtt_s < latency_s:
            weight = _weight(now - self._at)
            # Only a faster answer is averaged: the peak rule.
            if rtt_s < latency_s * weight:
                if not proof:
                    # It tells nothing: as if no time had passed, or the average would decay to nothing.
                    self._at = now
                    return
                rtt_s = latency_s * weight + rtt_s * (1 - weight)
        self._latency_s = rtt_s
        self._at = now

    def penalise(self, now: float, rest_s: float | None = None) -> None:
        """An attempt failed. *rest_s* is the server's Retry-After, if it sent one, or :data:`LEAVING_S`."""
        if self._waiting:
            self._waiting -= 1
        self._silent_since = now
        if rest_s:
            self._rests_until = max(self._rests_until, now + min(rest_s, PENALTY_CAP_S))
        seconds = FAILURE_S
        if self._latency_s is not None:
            average_s = max(self._latency_s * _weight(now - self._at), FLOOR_S)
            seconds = min(average_s * FAILURE_TIMES, FAILURE_S)
        self._punish(now, seconds)

    def broke(self, now: float) -> None:
        """The body of an answer broke off, whose head was observed."""
        self._punish(now, min(max((self._latency_s or 0.0) * FAILURE_TIMES, FLOOR_S), FAILURE_S))

    def give_up(self, now: float, waited_s: float) -> None:
        """No head came in *waited_s*, and nobody waits for it any more; the silence goes on."""
        self._waiting -= 1
        self._failures += IN_A_ROW
        self._punish(now, max(waited_s, FLOOR_S))

    def _punish(self, now: float, seconds: float) -> None:
        self._asked = True
        self._failures += 1
        self._penalty_s = max(seconds, self._penalty(now))
        self._penalised_at = now

    def _penalty(self, now: float) -> float:
        return self._penalty_s * exp(-max(now - self._penalised_at, 0.0) / FAILURE_DECAY_S)

    def troubled(self, now: float) -> bool:
        """Whether it failed in a row a moment ago, asked for rest, or is silent for longer than it usually answers."""
        if now < self._rests_until:
            return True
        if not self._waiting and self._failures < IN_A_ROW:
            return False
        usual_s = UNPROVEN_S
        if self._latency_s is not None:
            usual_s = max(self._latency_s * _weight(now - self._at), FLOOR_S)
        if self._waiting and now - self._silent_since > usual_s * SILENT_TIMES:
            return True
        return self._failures >= IN_A_ROW and self._penalty(now) > usual_s * _FORGIVEN

    def rested(self, now: float) -> bool:
        """Whether nothing is under way there, and no longer rest was asked for than it had."""
        return not self.in_flight and now >= self._rests_until

    def cost(self, now: float) -> float:
        """The seconds that one more request may expect to wait."""
        return self.latency(now) * (self.in_flight + 1)

    def latency(self, now: float) -> float:
        """The seconds that one request takes there, were it alone. Reads only."""
        latency_s = self._latency_s
        if latency_s is None:
            latency_s = UNPROVEN_S if self.in_flight or self._asked else FLOOR_S
        else:
            age_s = now - self._at
            if age_s > 0:
                latency_s *= exp(-age_s / DECAY_S)
            latency_s = max(latency_s, FLOOR_S)
        if self._failures:
            latency_s = max(latency_s, self._penalty(now))
        if now < self._rests_until:
            latency_s = max(latency_s, self._rests_until - now)
        if self._waiting:
            latency_s = max(latency_s, now - self._silent_since)
        return latency_s


def _weight(age_s: float) -> float:
    """How much of what was stored still counts: 1 when it is new, towards 0 as it ages."""
    return exp(-age_s / DECAY_S) if age_s > 0 else 1.0
