"""How long to wait before trying again: full jitter below a ceiling that doubles.

Doubling alone keeps those who failed together in step, and they come back together. Jitter over the whole range,
zero included, spreads them best: least total work and nearly the least total time of the variants that were
compared in "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015). Envoy does the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

# Enough to bring a millisecond to seven weeks; beyond, a float would overflow for a loop that fails for years.
_MOST_DOUBLINGS = 32


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits up to ``base_s`` after the first failure, up to twice that after the next, never above ``cap_s``."""

    base_s: float
    cap_s: float

    def ceiling(self, failures: int) -> float:
        """The most seconds to wait after this many failures in a row, counted from 1."""
        return min(self.cap_s, self.base_s * 2.0 ** min(failures - 1, _MOST_DOUBLINGS))

    def delay(self, failures: int, rng: Random) -> float:
        """Seconds to wait after this many failures in a row, counted from 1."""
        return rng.random() * self.ceiling(failures)


# To another instance: only enough to break up a crowd. Envoy's router defaults.
RETRY = Backoff(base_s=0.025, cap_s=0.25)

# To the same instance, since there is no other: it needs time to recover. stamina's defaults.
BUSY = Backoff(base_s=0.1, cap_s=5.0)

# To the same instance, which nobody could reach: a process starts within a second or two, and a refused connection
# costs it nothing. The cap bounds how long a start goes unnoticed.
ABSENT = Backoff(base_s=0.05, cap_s=0.5)

# To a registry that refuses, or that answers others: consul-template starts at 250 ms; the cap is ours, half of a quiet
# watch's turn. One that answers nobody is asked in turns (``recovery``).
REGISTRY = Backoff(base_s=0.25, cap_s=30.0)
