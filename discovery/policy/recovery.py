"""How those of one process that ask one registry bear its absence together, and come back together.

Each for himself, a hundred would ask a dead registry hundreds of times a minute, and yet notice its return half a
minute late, since the pauses of each have grown long. So they share what they learn:

- While nobody is answered, they take turns: one of them asks, at most twice a second, whoever's turn it is.
- One answer, to whomever, wakes all. They ask one after the other, fast, but not in one moment (:meth:`Recovery.turn`).
- Whose trouble is his own, such as a datacenter that is gone or a service that the token may not read, would be woken
  by every answer that others get. Each time that this was in vain, he may be woken only after twice as long.

Processes do not know of each other, so chance keeps them apart: every one finds out at a moment of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from random import Random

from discovery.policy.backoff import Backoff

# The first question after a failure comes soon, since most are over soon. From then on a process asks one to two times
# a second, whatever it follows: a return is noticed within a second, and to a dead registry that is next to nothing.
_PROBES = Backoff(base_s=0.25, cap_s=1.0)

# So many may ask in a second once there is an answer: a hundred are through in two seconds, and a second one of each
# in four. What is not counted, such as putting an entry back, has room below 60.
_RATE_PER_S = 50.0

# For so long after a return everybody asks in turn. By then the busiest moment, when all register again, is over.
_RETURN_S = 5.0

# A quiet registry answers a healthy watch once a minute. If nobody got an answer for as long, everybody is in trouble.
_LONELY_S = 60.0


@dataclass(slots=True)
class Asker:
    """Somebody who asks again and again: how it went, and how he waits when his trouble is his own."""

    alone: Backoff
    failures: int = 0
    in_vain: int = 0  # how often the answer that somebody else got woke him, and he got none
    woken: bool = False

    @property
    def least_s(self) -> float:
        """For so long after a failure he may not be woken."""
        return self.alone.ceiling(self.in_vain) if self.in_vain else 0.0

    def answered(self) -> None:
        """He got his answer."""
        self.failures, self.in_vain, self.woken = 0, 0, False


class Recovery:
    """One for all who ask one registry from one process."""

    __slots__ = ("_answered_at", "_probe_at", "_probes", "_returning_until", "_turn_at")

    def __init__(self) -> None:
        self._probes = 0  # since the last answer
        self._probe_at = -inf
        self._answered_at = -inf
        self._turn_at = -inf
        self._returning_until = -inf

    def failed(self, asker: Asker, now: float, rng: Random, *, refused: bool) -> float:
        """After how many seconds *asker* may ask again, unless he is woken before.

        Who was *refused* got an answer, and gets the same one again until somebody gives him rights: he waits by
        himself. All others wait for their turn.
        """
        asker.failures += 1
        if asker.woken:
            asker.in_vain += 1
        elif now - self._answered_at > _LONELY_S:
            asker.in_vain = 0
        if refused:
            return max(asker.least_s, asker.alone.delay(asker.failures, rng))
        return max(asker.least_s, self.probe(now, rng))

    def probe(self, now: float, rng: Random) -> float:
        """After how many seconds somebody may ask whether the registry is back; nobody else is given that moment."""
        self._probes += 1
        # Not below half of it: what may come out as nothing is no pace.
        pause_s = _PROBES.ceiling(self._probes) * (0.5 + rng.random() / 2)
        self._probe_at = max(self._probe_at, now) + pause_s
        return self._probe_at - now

    @property
    def is_away(self) -> bool:
        """Whether somebody got no answer, and nobody has got one since."""
        return self._probes > 0

    def answered(self, now: float, *, waiting: bool) -> None:
        """The registry answered somebody, while others were *waiting* for their turn."""
        self._probes, self._probe_at, self._answered_at = 0, -inf, now
        if waiting:
            self._returning_until = now + _RETURN_S

    def turn(self, now: float, rng: Random) -> float:
        """Take a turn, and return the seconds until it comes: zero but for the time after a return."""
        if now >= max(self._returning_until, self._turn_at):
            return 0.0
        began_at = max(self._turn_at, now)
        self._turn_at = began_at + 1 / _RATE_PER_S
        return began_at - now + rng.random() / _RATE_PER_S
