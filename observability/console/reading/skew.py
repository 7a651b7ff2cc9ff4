"""Clocks of different processes disagree: by how much a span must be moved to lie within its parent.

The rule is nearly Jaeger's (its clock skew adjuster): only a span whose parent was made by another process is moved,
the network takes as long on the way there as on the way back, and what the same process made below it moves with it.
Jaeger also moves a span that begins within its parent and ends after it; but a server is often done with an answer a
moment after its client has read it, and that tells nothing about clocks.
"""

from __future__ import annotations

from collections.abc import Sequence

from observability.console.reading.tree import Place


def shifts(places: Sequence[Place]) -> dict[bytes, int]:
    """Nanoseconds to add to the times of each span, by its id. *places* has parents before their children."""
    moved: dict[bytes, int] = {}
    for place in places:
        span, above = place.span, place.above
        if above is None:
            moved[span.span_id] = 0
        elif above.resource == span.resource:
            moved[span.span_id] = moved[above.span_id]
        else:
            by = moved[above.span_id]
            moved[span.span_id] = shift(span.start_ns, span.end_ns, above.start_ns + by, above.end_ns + by)
    return moved


def shift(start: int, end: int, parent_start: int, parent_end: int) -> int:
    """What to add to a span so that it lies within its parent; 0 for one that begins there."""
    lasted, parent_lasted = max(0, end - start), max(0, parent_end - parent_start)
    if lasted > parent_lasted:
        # It went on when its parent had given up on it, so only its beginning can be judged.
        return max(0, parent_start - start)
    if parent_start <= start <= parent_start + parent_lasted:
        return 0
    return parent_start + (parent_lasted - lasted) // 2 - start
