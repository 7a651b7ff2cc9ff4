"""How many calls of this process may be under way at one instance, where its service has a bound.

A bound for each service keeps one that hangs from using up what calls to others need. Within a service the same holds
for instances: one that hangs must not take all the room, or calls to its neighbours would have to queue behind it. So
each has a part of the bound by its weight, and is passed by for others when that is full. The parts add up to the
whole: when all are full, the service is.
"""

from __future__ import annotations

from math import ceil

# Envoy's default for the requests to a cluster; a service that answers in 100 ms gets 10,000 a second through it.
CONCURRENCY = 1024


def part(concurrency: int, weight: float, of: float) -> int:
    """How many of the *concurrency* of a service an instance may have, by its *weight* *of* all; at least one."""
    return max(ceil(concurrency * weight / of), 1) if of > 0 else concurrency
