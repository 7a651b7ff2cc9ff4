"""How long somebody has to wait who keeps giving wrong passwords for one account, from one address.

A lockout would let anybody lock anybody out. So the delay belongs to the pair of account and address, and the right
password from elsewhere always works.
"""

from __future__ import annotations

from dataclasses import dataclass

# Mistakes that cost nothing. As many may also be under way at once.
FREE = 5

# What the next one costs; each more doubles it, up to the longest: about a hundred attempts a day for a patient one.
FIRST_S = 1.0
LONGEST_S = 900.0

# Who was quiet for so long begins anew.
FORGOTTEN_S = 3600.0

# By how much the clocks of two instances may differ. A last attempt further ahead than that means a clock that was set
# back, and nothing is known of how long ago it was.
_CLOCKS_S = 60.0


@dataclass(frozen=True, slots=True)
class Attempts:
    """How many attempts of a pair failed, or are under way, and when the last began (seconds since the epoch)."""

    count: int
    last_s: float


def counted(before: Attempts | None, now_s: float) -> Attempts:
    """*before* with one attempt more. It counts from its beginning on, or a hundred at once would be one."""
    if before is None or is_forgotten(before, now_s):
        return Attempts(1, now_s)
    return Attempts(before.count + 1, now_s)


def wait_s(attempts: Attempts | None, now_s: float) -> float:
    """For how long the next attempt is refused; 0: it is not."""
    if attempts is None or attempts.count < FREE or is_forgotten(attempts, now_s):
        return 0.0
    passed = now_s - attempts.last_s
    if passed < -_CLOCKS_S:
        return 0.0
    # The exponent is bounded, since a float is.
    delay = min(LONGEST_S, FIRST_S * 2.0 ** min(attempts.count - FREE, 32))
    return max(0.0, delay - max(0.0, passed))


def is_forgotten(attempts: Attempts, now_s: float) -> bool:
    """Whether so much time has passed that they no longer count."""
    return now_s - attempts.last_s >= FORGOTTEN_S
