"""Whom a call goes to: drawn by weight, and passed on to another one that has more room.

Always taking the least loaded of all sounds better and is worse: every client sees the same best instance a moment
late, and all run to it together. The power of two choices avoids the herd at the same price for ten instances as for
ten thousand (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001), but taking the better of two
by however little knows no weights: of two instances with weights 9 : 1 and nothing in flight it takes the first one
always.

So the first draw, by weight, stands as long as the two are alike in latency, unless the second, somebody else, would
have no more requests for its share than the first has already. Where they are not alike, the one that promises the
quicker answer takes the call. What is alike was chosen by simulation: of equal weights, latencies that differ by half,
as those of equals do, and wider cost more at the 99th percentile; of unequal weights, which somebody meant, three
times, since the peak of an instance with many answers is above that of an equal with few.

If the one chosen hangs or keeps failing, as two of three may until they are taken out, others are looked at until one
does not.

Two exceptions. Who has long had nothing, since it once was slow, is given a call to show how it is now; else only the
decay of its average would bring it back. And who has just come, or come back, warms up: it is passed by at first
nine times in ten, and ever more rarely, unless all are as new.

Everything that depends on who there is is compiled when that changes; a pick looks at two of them and at one more.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Sequence
from copy import copy
from itertools import accumulate
from math import inf, nextafter
from random import Random
from typing import Generic, Protocol, Self, TypeVar

from discovery.policy.load import PeakEwma
from discovery.policy.zones import shares

# Latencies are alike when the larger one is less than so many of the other, for equal weights and for others.
_ALIKE_EVEN = 1.5
_ALIKE = 3.0

# How many requests one may have beyond its share before it is passed by. Of unequal weights the light one has hardly
# ever less than its share when it has one at all, and would be passed by too often.
_SPARE_EVEN = 0
_SPARE = 1

# Envoy's slow start begins with a tenth too. Its length is ours: what warms up here are pools and caches.
WARMING_S = 10.0
_COLDEST = 0.1

# Who had nothing for so long, and not for want of calls: by chance alone, ten turns pass one by once in 20,000 times.
STARVED_S = 3.0
_TURNS = 10

# How often chance is tried for somebody who was not tried, or is not in trouble, before everybody is looked through;
# and how far that goes where it is only a wish.
_DRAWS = 4
_LOOKS = 64


class Member(Protocol):
    """Somebody who may be chosen. ``since`` is when it came, or came back (monotonic); ``-inf`` of the first ones."""

    @property
    def load(self) -> PeakEwma: ...
    @property
    def weight(self) -> float: ...
    @property
    def zone(self) -> str: ...
    @property
    def since(self) -> float: ...


M = TypeVar("M", bound=Member)


def joined_again(now: float) -> float:
    """When who comes back counts as having come: it is the process that it was, and so is warm by half."""
    return now - WARMING_S / 2


class WeightedPicker(Generic[M]):
    """Picks among *members*, of whom there is at least one, for a caller in *zone* (empty where it has none)."""

    __slots__ = (
        "_alike",
        "_began",
        "_count",
        "_drawn",
        "_ends",
        "_even",
        "_loads",
        "_members",
        "_picks",
        "_relative",
        "_spare",
        "_warm_at",
        "_whole",
    )

    def __init__(self, members: Sequence[M], now: float, zone: str = "") -> None:
        weights = _weights(members, zone)
        self._members = drawn = members
        if min(weights) <= 0:
            # Who is in a zone that gets nothing is no part of the draw.
            drawn = [member for member, weight in zip(members, weights, strict=True) if weight > 0]
            weights = [weight for weight in weights if weight > 0]
        self._drawn = drawn
        self._count = count = len(drawn)
        self._loads = [member.load for member in drawn]
        self._even = min(weights) == max(weights)
        self._alike = _ALIKE_EVEN if self._even else _ALIKE
        self._spare = _SPARE_EVEN if self._even else _SPARE
        self._relative: Sequence[float]
        self._ends: Sequence[float]
        if self._even:
            # Ten thousand that weigh the same are the usual case, and need no numbers of their own.
            self._relative, self._ends, self._whole = [1.0] * count, range(1, count + 1), nextafter(count, 0.0)
        else:
            mean = sum(weights) / count
            self._relative = [weight / mean for weight in weights]
            ends = list(accumulate(self._relative))
            # Sums of fractions may end a hair below what is drawn from.
            self._whole, ends[-1] = ends[-1], inf
            self._ends = ends
        since = [member.since for member in drawn]
        youngest = max(since)
        joined = min(since) + WARMING_S <= now
        self._warm_at = youngest + WARMING_S if joined else -inf
        self._began = now
        self._picks = 0

    def pick(self, now: float, rng: Random) -> M:
        """Choose one."""
        count = self._count
        if count == 1:
            return self._drawn[0]
        self._picks = picks = self._picks + 1
        loads, turn = self._loads, picks % count
        if now - loads[turn].started_at > STARVED_S and self._starves(turn, now):
            return self._drawn[turn]
        # `random() * n` is a third of the price of `randrange(n)`, and its bias is far below what anybody can see.
        if self._even:
            first = int(rng.random() * count)
            second = int(rng.random() * (count - 1))
            # The second draw sees the list with a hole where the first one was: no second try, no shuffle.
            if second >= first:
                second += 1
        else:
            first, second = self._draw(rng)
        if now < self._warm_at:
            if self._passes_by(first, now, rng):
                return self._drawn[second]
            if self._passes_by(second, now, rng):
                return self._drawn[first]
        one, other = loads[first], loads[second]
        one_s, other_s = one.latency(now), other.latency(now)
        one_share, other_share = self._relative[first], self._relative[second]
        if one_s < other_s * self._alike and other_s < one_s * self._alike:
            passes = (one.in_flight - self._spare) / one_share >= (other.in_flight + 1) / other_share
        else:
            passes = one_s * (one.in_flight / one_share + 1) > other_s * (other.in_flight / other_share + 1)
        if passes:
            first, one = second, other
        return self._untroubled(first, now, rng) if one.troubled(now) else self._drawn[first]

    def by_count(self) -> Self:
        """The same for what lasts, such as websockets: all latencies are alike to it, so it goes by how many there are.

        How fast a handshake was says nothing of the hours after it, and what was opened does not come back.
        """
        other = copy(self)
        other._alike = inf  # noqa: SLF001 - it is one of us
        return other

    def _untroubled(self, first: int, now: float, rng: Random) -> M:
        """Somebody, in any zone, who neither just failed nor hangs; the *first* choice where there is hardly any."""
        for _ in range(_DRAWS):
            other = self._draw(rng)[0]
            if not self._loads[other].troubled(now):
                return self._drawn[other]
        members = self._members
        start = int(rng.random() * len(members))
        looked = (members[(start + number) % len(members)] for number in range(min(len(members), _LOOKS)))
        return next((each for each in looked if not each.load.troubled(now)), self._drawn[first])

    def pick_other(self, now: float, rng: Random, without: Collection[M]) -> M | None:
        """Choose somebody who is not one of *without*, in any zone; ``None`` when there is nobody else."""
        for _ in range(_DRAWS):
            if (chosen := self.pick(now, rng)) not in without:
                return chosen
        start = int(rng.random() * len(self._members))
        for number in range(len(self._members)):
            if (chosen := self._members[(start + number) % len(self._members)]) not in without:
                return chosen
        return None

    def _draw(self, rng: Random) -> tuple[int, int]:
        ends = self._ends
        first = bisect_right(ends, rng.random() * self._whole)
        own = self._relative[first]
        at = rng.random() * (self._whole - own)
        if at >= ends[first] - own:
            at += own
        second = bisect_right(ends, at)
        # ... or beside the hole.
        return first, second if second != first else (first + 1) % self._count

    def _passes_by(self, index: int, now: float, rng: Random) -> bool:
        age_s = now - self._drawn[index].since
        return age_s < WARMING_S and rng.random() >= max(age_s / WARMING_S, _COLDEST)

    def _starves(self, index: int, now: float) -> bool:
        """Whether one that had nothing for a while has nothing to wait for, and missed all of ten turns."""
        if self._picks < _TURNS * self._count:
            return False
        turn_s = (now - self._began) / self._picks * self._count / self._relative[index]
        load = self._loads[index]
        return load.rested(now) and now - max(load.started_at, self._began) > max(STARVED_S, _TURNS * turn_s)


def _weights(members: Sequence[M], zone: str) -> list[float]:
    if not zone:
        return [member.weight for member in members]
    capacity: defaultdict[str, float] = defaultdict(float)
    for member in members:
        capacity[member.zone] += member.weight
    share = shares(capacity, zone)
    return [member.weight / capacity[member.zone] * share.get(member.zone, 0.0) for member in members]
