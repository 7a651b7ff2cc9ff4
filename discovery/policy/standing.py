"""What speaks against one instance: the odds that it is broken.

Every failure and every success is evidence, and evidence multiplies. "Broken" means failing at a quarter of the way
from as often as its peers (rate ``q``) to always, so a failure is ``1 + (1 - q) / 4q`` times as likely of a broken
instance as of a well one, and a success three quarters as likely. With the odds held at 1 or above this is Page's
CUSUM: no other test finds out sooner at the same rate of mistakes (Moustakides, 1986).

Beside peers that fail once in 200 calls or less, a failure multiplies the odds by 50.75. Where three in a row put an
instance out, one that is well is put out by mistake 0.5 times in a million calls (a test computes it), and one that
fails at 50, 30 or 20 % after 7, 12 or 21 calls on average: at 33 calls a second within 0.2, 0.4 and 0.7 s. Below 7 %
the successes outweigh: retries bear that. In a service that fails at 20 % everywhere a failure says little (a factor
of 2), and nobody is put out for what all do. Other parts than a quarter were tried: half needs 37 calls at 20 %, and
an eighth makes two mistakes in a million.

Consecutive failures and a success rate over a window, the usual two rules, were weighed first. Five in a row need 58 s
for 20 % errors; a rate needs a least volume, which an instance that the balancer avoids never has, and ten buckets
each. The odds are one number, count calls and not seconds, and judge a starved instance as well as a busy one.

The peers' rate is the mean of theirs over the latest hundred calls of each. A failure counts there once its instance
has succeeded again: those who only fail say nothing of how well the others should be, and two broken ones of three
would otherwise protect each other. Who is out still counts, or a service that fails everywhere would look better with
each.

Somebody is out for 1 s, then for 2, 4 ... 30 s while probes fail. One probe at a time finds out, and its success lets
the instance in with odds just below what puts out: the next failure is one too many, until it has succeeded for long.
"""

from __future__ import annotations

from math import inf
from random import Random

from discovery.model import Outcome

# Three failures in a row beside peers that are well come to 130,700.
OUT = 130_000.0

# Peers are not believed to be better than this: a failure in 200 calls is noise (restarts, resets of idle connections).
NOISE = 0.005

# On how many calls of each instance its rate looks back, and what is left of a failure when it is forgotten.
LOOK_BACK = 100
_FORGOTTEN = 0.02
_PRIOR = 5

# Linkerd's first penalty. Its last one, and Finagle's and gRPC's, is longer; ours bounds how long a repair goes unseen.
FIRST_S = 1.0
LONGEST_S = 30.0

# A penalty is this much shorter or longer by chance, so that those put out together are not probed together.
_JITTER = 0.25

# One doubling is forgotten for each of these without an ejection: gRPC's interval for the same.
CALM_S = 10.0

# Which part of the way to always "broken" is: of anybody, and of one who is back. That one may fail now and then, and a
# success proves less of it: at this part two in a row put it out, and one does until it has succeeded for long.
_PART = 1 / 4
_PART_BACK = 1 / 8

# One number for all: each ``-inf`` in the code makes another.
_NEVER = -inf

# Of calls, one in so many may be a failed probe: each needs a retry, and the retry budget pays for 8 %.
_CALLS_A_PROBE = 20


class Peers:
    """What the instances of one service have in common; each :class:`Standing` of the service holds it.

    ``failed`` is the sum of their failures, and ``members`` how many they are: whoever looks at all of them sets both.
    ``hopeless`` says that nobody was well when that was last asked; who becomes well, or comes, takes it back.
    """

    __slots__ = ("calls", "failed", "hopeless", "members", "probes_from")

    def __init__(self, members: int = 1) -> None:
        self.members = members
        self.failed = 0.0
        self.hopeless = False
        self.calls = 0
        self.probes_from = 0  # the number of the call that may be the next probe

    @property
    def probing(self) -> bool:
        """Whether any call may be a probe already, after the last one that failed."""
        return self.calls >= self.probes_from

    def rate(self, own: float) -> float:
        """How often the peers fail, of 1, without the *own* failures of one of them."""
        theirs = (self.failed - own) / max(self.members - 1, 1)
        # When a process has just started there are fewer calls to look back on, and a few more that count as good.
        return min(max(theirs / (min(self.calls / self.members, LOOK_BACK) + _PRIOR), NOISE), 1.0)


class Standing:
    """What speaks against one instance, as one event loop sees it. Times are monotonic seconds.

    Outcomes are told that are the peer's alone: never our own deadline or limit, a nack, or a 429 (:func:`evidence`).
    """

    __slots__ = ("_doublings", "_odds", "_part", "_run", "failures", "joined", "out_until", "peers", "since")

    def __init__(self, peers: Peers, joined: float = _NEVER) -> None:
        peers.hopeless = False
        self.peers = peers
        self.failures = 0.0  # among its latest calls, without those since the last success
        self._odds = 1.0
        self._part = _PART
        self._run = 0  # failures since the last success
        self._doublings = 0
        self.out_until: float | None = None  # the earliest moment of the next probe; None while it is in
        self.since = _NEVER  # when it was put out, or let in again
        self.joined = joined  # when it came, was put out, or came back; never, of those who were there first

    @property
    def well(self) -> bool:
        """Whether it is in, and nothing speaks for putting it out."""
        return self._odds < OUT and self.out_until is None

    def succeeded(self, now: float, *, probe: bool = False) -> bool:
        """Count a success; ``True`` when it readmits, and those who may be chosen are others than before."""
        self.peers.calls += 1
        # Nothing speaks against it, and nothing is to be forgotten.
        if not self.failures and self._odds == 1.0:
            return False
        return self._outweigh(now, probe=probe)

    def _outweigh(self, now: float, *, probe: bool) -> bool:
        readmitted = self.out_until is not None
        if readmitted and not probe:
            return False  # it was sent before the ejection, and says nothing of now
        self._odds *= 1 - self._part
        if self._odds <= 1.0:
            self._odds, self._part = 1.0, _PART
        self.peers.hopeless = False
        failures = self.failures * (1 - 1 / LOOK_BACK) ** (self._run + 1) + self._run
        failures = failures if failures > _FORGOTTEN else 0.0
        self.peers.failed += failures - self.failures
        self.failures = failures
        self._run = 0
        if readmitted:
            self.out_until, self.since = None, now
            self._part = _PART_BACK
            # The more its peers fail, the less would one failure say.
            self._odds = OUT * (1 - _PART_BACK) * NOISE / self.peers.rate(self.failures)
        return readmitted

    def failed(self, *, probe: bool = False) -> bool:
        """Count a failure; ``True`` when it must be judged (:func:`judge`)."""
        peers = self.peers
        peers.calls += 1
        if self.out_until is not None:
            if probe:
                peers.probes_from = peers.calls + _CALLS_A_PROBE
            return probe
        rate = peers.rate(self.failures)
        self._odds = min(self._odds * (1 + (1 - rate) / rate * self._part), OUT)
        self._run += 1
        return self._odds >= OUT and not peers.hopeless

    def probe(self, now: float) -> None:
        """A probe goes out. No other one does until it is judged, or lost sight of for the longest penalty."""
        self.out_until = now + LONGEST_S

    def undecided(self, now: float) -> None:
        """The probe told nothing: its caller left, or it was refused for want of room. Another one may go."""
        if self.out_until is not None:
            self.out_until = now + FIRST_S
            self.peers.probes_from = self.peers.calls + _CALLS_A_PROBE

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
        if self.out_until is None or not self.peers.probing:
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
