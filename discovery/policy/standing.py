"""What speaks against one instance: the odds that it is broken.

Every failure and every success is evidence, and evidence multiplies. "Broken" means failing halfway between as often
as its peers (rate ``q``) and always, so a failure is ``(1 + q) / 2q`` times as likely of a broken instance as of a
well one, and a success half as likely. With the odds held at 1 or above this is Page's CUSUM, of which Lorden (1971)
proved that odds of N : 1 are reached by mistake no sooner than once in N calls. So the one number to choose is how
often a mistake is borne: once in a million calls.

All else follows. Beside peers that fail once in 200 calls or less, a failure multiplies the odds by 100.5, so three in
a row put an instance out, and so do, on average, 7 calls at 50 % errors, 15 at 30 % and 37 at 20 %: at 33 calls a
second 0.2, 0.5 and 1.1 s. Below 13 % the successes outweigh: retries and the load estimate bear that. In a service
that fails at 20 % everywhere a failure says little (a factor of 3), and nobody is put out for what all do.

Consecutive failures and a success rate over a window, the usual two rules, were weighed first. Five in a row need 58 s
for 20 % errors; a rate needs a least volume, which an instance that the balancer avoids never has, and ten buckets
each. The odds are one number, count calls and not seconds, and judge a starved instance as well as a busy one.

The peers' rate is that of the service's latest 200 calls, without what the instance itself did. A failure counts there
once its instance has succeeded again: those who only fail say nothing of how well the others should be, and two broken
ones of three would otherwise protect each other.

Somebody is out for 1 s, then for 2, 4 ... 30 s while probes fail. One probe at a time finds out, and its success lets
the instance in with odds just below what puts out: the next failure is one too many, until it has succeeded for long.
"""

from __future__ import annotations

from math import inf
from random import Random

from discovery.model import Outcome

# A mistaken ejection in a million calls: fewer than one a day for an instance that gets ten calls a second.
OUT = 1e6

# Peers are not believed to be better than this: a failure in 200 calls is noise (restarts, resets of idle connections).
NOISE = 0.005

# How many calls of the service the peers' rate looks back on. The noise above is one failure of these.
LOOK_BACK = 200

# Linkerd's first penalty. Its last one, and Finagle's and gRPC's, is longer; ours bounds how long a repair goes unseen.
FIRST_S = 1.0
LONGEST_S = 30.0

# A penalty is this much shorter or longer by chance, so that those put out together are not probed together.
_JITTER = 0.25

# One doubling is forgotten for each of these without an ejection: gRPC's interval for the same.
CALM_S = 10.0

# By what a success multiplies the odds of one who was never out, of one who is back, and of one who is back again. That
# one may fail at a fifth, and of such a one a success is four fifths as likely as of a well one: it proves less.
_HEALING = (1 / 2, 3 / 4, 7 / 8)

# Of calls, one in so many may be a failed probe: each needs a retry, and the retry budget pays for 8 %.
_CALLS_A_PROBE = 20


class Peers:
    """What the instances of one service did together; each :class:`Standing` of the service holds it.

    ``members`` is how many there are: the peers' share of the service's calls is taken from it. ``hopeless`` says that
    nobody was well when it was last asked; who becomes well, or comes, takes it back.
    """

    __slots__ = ("_at", "_failed", "calls", "hopeless", "members", "probes_from")

    def __init__(self, members: int = 1) -> None:
        self.members = members
        self.hopeless = False
        self.calls = 0
        self.probes_from = 0  # the number of the call that may be the next probe
        self._failed = 0.0
        self._at = 0

    def count(self, failures: int) -> None:
        """Add failures of an instance that has succeeded again."""
        self._failed = self._failed * _fading(self.calls - self._at) + failures
        self._at = self.calls

    def rate(self, own: float) -> float:
        """How often the peers fail, of 1, without the *own* failures of one of them."""
        theirs = self._failed * _fading(self.calls - self._at) - own
        share = 1 - 1 / self.members if self.members > 1 else 1.0
        return min(max(theirs / (LOOK_BACK * share), NOISE), 1.0)


class Standing:
    """What speaks against one instance, as one event loop sees it. Times are monotonic seconds.

    Outcomes are told that are the peer's alone: never our own deadline or limit, a nack, or a 429 (:func:`evidence`).
    """

    __slots__ = ("_at", "_doublings", "_failed", "_healing", "_odds", "_run", "out_until", "peers", "since")

    def __init__(self, peers: Peers) -> None:
        peers.hopeless = False
        self.peers = peers
        self._odds = 1.0
        self._healing = _HEALING[0]
        self._run = 0  # failures since the last success
        self._failed = 0.0  # the part of the peers' sum that is this one's, when they had made _at calls
        self._at = 0
        self._doublings = 0
        self.out_until: float | None = None  # the earliest moment of the next probe; None while it is in
        self.since = -inf  # when it was put out, or let in again

    @property
    def well(self) -> bool:
        """Whether it is in, and nothing speaks for putting it out."""
        return self._odds < OUT and self.out_until is None

    @property
    def spotless(self) -> bool:
        """Whether all that ever spoke against it is outweighed."""
        return self._odds == 1.0

    def succeeded(self, now: float, *, probe: bool = False) -> bool:
        """Count a success; ``True`` when it readmits, and those who may be chosen are others than before."""
        self.peers.calls += 1
        if self._odds == 1.0:
            return False
        return self._outweigh(now, probe=probe)

    def _outweigh(self, now: float, *, probe: bool) -> bool:
        readmitted = self.out_until is not None
        if readmitted and not probe:
            return False  # it was sent before the ejection, and says nothing of now
        self._odds *= self._healing
        if self._odds <= 1.0:
            self._odds, self._healing = 1.0, _HEALING[0]
        self.peers.hopeless = False
        if self._run:
            self._failed = self._failed * _fading(self.peers.calls - self._at) + self._run
            self._at = self.peers.calls
            self.peers.count(self._run)
            self._run = 0
        if readmitted:
            self.out_until, self.since = None, now
            self._healing = _HEALING[min(self._doublings, len(_HEALING) - 1)]
        return readmitted

    def failed(self, *, probe: bool = False) -> bool:
        """Count a failure; ``True`` when it must be judged (:func:`judge`)."""
        peers = self.peers
        peers.calls += 1
        if self.out_until is not None:
            if probe:
                peers.probes_from = peers.calls + _CALLS_A_PROBE
            return probe
        rate = peers.rate(self._failed * _fading(peers.calls - self._at))
        self._odds = min(self._odds * (1 + rate) / (2 * rate), OUT)
        self._run += 1
        return self._odds >= OUT and not peers.hopeless

    def probe(self, now: float) -> None:
        """A probe goes out. No other one does until it is judged, or lost sight of for the longest penalty."""
        self.out_until = now + LONGEST_S

    def undecided(self, now: float) -> None:
        """The probe told nothing: its caller left, or it was refused for want of room. Another one may go."""
        if self.out_until is not None:
            self.out_until = now

    def put_out(self, now: float, rng: Random) -> float:
        """Leave it out, or leave it out for longer; return for how many seconds."""
        if self.out_until is None:
            self._doublings = max(self._doublings - int(min((now - self.since) / CALM_S, self._doublings)), 0)
            self.since = now
            self._run = 0
        seconds = min(FIRST_S * 2.0**self._doublings, LONGEST_S) * (1 + _JITTER * (2 * rng.random() - 1))
        # Where the longest is reached, more doublings would only take longer to forget.
        if FIRST_S * 2.0**self._doublings < LONGEST_S:
            self._doublings += 1
        self.out_until = now + seconds
        return seconds

    def let_in(self, now: float) -> None:
        """Let it in without a proof, since nobody is better."""
        if self.out_until is not None:
            self.out_until, self.since = None, now

    def is_due(self, now: float, *, repeatable: bool = True) -> bool:
        """Whether it is out, and the next call may be its probe.

        One that is not repeatable may only when none that is has come for the longest penalty: else nobody would ever
        find out, in a service that is only asked such calls.
        """
        if self.out_until is None or self.peers.calls < self.peers.probes_from:
            return False
        return self.out_until + (0.0 if repeatable else LONGEST_S) <= now


def evidence(outcome: Outcome, status: int | None) -> bool | None:
    """What an attempt says of its instance: that it works, that it fails (``False``), or nothing (``None``).

    A 429 speaks of us, a nack of a moment; a 404 is an answer. Who gave up waiting tells nothing, so an attempt that
    our own deadline cut short must not be asked about; one that had its full limit may.
    """
    if outcome in {Outcome.NACKED, Outcome.BUSY, Outcome.CANCELLED} or status == 429:
        return None
    return outcome is Outcome.ANSWERED and (status is None or status < 500)


def _fading(calls: int) -> float:
    """What is left of a failure after so many *calls* of the service."""
    return (1 - 1 / LOOK_BACK) ** min(calls, 20 * LOOK_BACK)
