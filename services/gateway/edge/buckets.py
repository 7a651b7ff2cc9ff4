"""Who has asked how often: a bucket for each key, in memory that is bounded.

A bucket holds what was taken and not yet regained. An empty one says nothing that a new one would not say, so it may be
forgotten; one that holds something may not, or whoever comes with enough addresses would wipe out what is held against
him. Where there is no room for one more, newcomers share some buckets that are there for it.
"""

from __future__ import annotations

from collections.abc import Hashable
from math import ceil
from typing import NamedTuple

from services.gateway.edge.rate import Rate

# 200 bytes each.
MOST_KEYS = 20_000
# Whoever wants to be in the way of a certain newcomer has to fill all of them.
SHARED = 256
# How many are looked at to make room for one: more than one, so that what is forgotten outruns what comes.
_LOOKS = 4
# Sums of fractions are not exact, and one request too few would be told to whoever counts.
_SLACK = 1e-6


class Left(NamedTuple):
    """What is left of a rate to somebody; all of it, after so many seconds without a request."""

    requests: int
    full_in_s: int


class Buckets:
    """Those of one rate. ``sharing`` is how many gateways share it: each lets through its part, and at least one."""

    def __init__(self, rate: Rate, *, most: int = MOST_KEYS) -> None:
        self._rate = rate
        self._most = most
        # Each in the order in which they were last taken from: those that may be forgotten are the first.
        self._taken: dict[Hashable, tuple[float, float]] = {}
        self._crowd: dict[Hashable, tuple[float, float]] = {}
        self._share(1)

    def __len__(self) -> int:
        return len(self._taken) + len(self._crowd)

    def wait_s(self, key: Hashable, now: float, sharing: int) -> float:
        """In how many seconds one more may come for *key*; 0 when it may now."""
        if sharing != self._sharing:
            self._share(sharing)
        over = self._held(key, now) + 1 - self._room
        return 0.0 if over <= _SLACK else over * self._regained_s

    def take(self, key: Hashable, now: float, sharing: int) -> Left:
        """Take one for *key*."""
        if sharing != self._sharing:
            self._share(sharing)
        held = self._held(key, now) + 1
        if self._taken.pop(key, None) is not None or self._has_room(now):
            self._taken[key] = (held, now)
        else:
            self._crowd[self._place(key)] = (held, now)
        return Left(int(self._room - held + _SLACK), ceil(held * self._regained_s))

    def _held(self, key: Hashable, now: float) -> float:
        there = self._taken.get(key)
        if there is None and len(self._taken) >= self._most and not self._has_room(now):
            there = self._crowd.get(self._place(key))
        if there is None:
            return 0.0
        held, then = there
        return max(0.0, held - (now - then) / self._regained_s)

    def _has_room(self, now: float) -> bool:
        """Whether a key may be added; the first ones are forgotten where they hold nothing any more."""
        for _ in range(_LOOKS):
            first = next(iter(self._taken), None)
            if first is None:
                break
            held, then = self._taken[first]
            if held > (now - then) / self._regained_s:
                break
            del self._taken[first]
        return len(self._taken) < self._most

    def _share(self, sharing: int) -> None:
        # Of which nearly every request has the same number.
        self._sharing = sharing
        self._room = max(1.0, self._rate.requests / sharing)
        self._regained_s = self._rate.seconds * sharing / self._rate.requests

    @staticmethod
    def _place(key: Hashable) -> Hashable:
        return hash(key) % SHARED
