"""When each of those who are connected for long is told that this server leaves.

Whoever is told opens another connection at once, so ten thousand who are told at one moment are a burst for those who
stay: handshakes, logins, and whatever a client asks for at its beginning. Told in equal steps they come at the lowest
rate that the time allows; and by chance within its step each, so that the steps of servers that leave together do not
fall together.
"""

from __future__ import annotations

from random import Random


def moments(count: int, within_s: float, rng: Random) -> list[float]:
    """For each of *count* the seconds from now, below *within_s*, in rising order."""
    return [(number + rng.random()) * within_s / count for number in range(count)]
