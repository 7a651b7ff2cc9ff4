"""How the calls of one zone are divided over the zones: at home while home can bear it.

A call within a zone is quicker and costs nothing, and a zone that is cut off goes on by itself. But a zone with few
instances must not drown in its own calls. How the callers are spread is known to nobody here, so they are taken to be
spread evenly over the zones, as Envoy does where it knows no better: each zone brings the same load, a Z-th of all.

A zone keeps what is up to :data:`OVER` times its share of the capacity, and spills the rest over those zones that have
more capacity than load, in proportion to what they have left. So nobody bears more than :data:`OVER` times the mean,
and who takes spilled calls no more than the mean. What is down has no capacity: a zone that loses instances spills of
itself, and one that lost all of them spills everything.
"""

from __future__ import annotations

from collections.abc import Mapping

# How much more than the mean an instance may bear so that its zone keeps its calls.
OVER = 1.3


def shares(capacity: Mapping[str, float], home: str) -> Mapping[str, float]:
    """How much of its calls a caller in *home* sends to each zone; the shares sum up to 1.

    Args:
        capacity: the weight of those who may be chosen in each zone; not zero altogether.
        home: the caller's zone, whether or not anybody is there.
    """
    whole = sum(capacity.values())
    zones = len(capacity.keys() | {home})
    if zones == 1:
        return {home: 1.0}
    kept = min(1.0, OVER * capacity.get(home, 0.0) / whole * zones)
    if kept == 1.0:
        return {zone: float(zone == home) for zone in capacity}
    left = {zone: max(amount / whole - 1 / zones, 0.0) for zone, amount in capacity.items() if zone != home}
    spare = sum(left.values())
    if spare == 0.0:  # others are as short: then by capacity
        left = {zone: amount for zone, amount in capacity.items() if zone != home}
        spare = sum(left.values())
    divided = {zone: (1 - kept) * amount / spare for zone, amount in left.items()}
    return {**divided, home: kept} if home in capacity else divided
