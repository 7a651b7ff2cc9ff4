"""The spans of one trace in the order in which a person reads them, whatever state they are in.

The rules are those of :func:`observability.trace_tree`: one whose parent is not here stands at the top, siblings
stand in the order in which they began, and a circle of parents is cut at its earliest span. Here each keeps its row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row


@dataclass(frozen=True, slots=True)
class Place:
    """Where a span stands. ``above`` is its parent in the tree; None at the top."""

    span: Row[Any]
    depth: int
    above: Row[Any] | None

    @property
    def orphan(self) -> bool:
        """Whether it stands at the top although it names a parent: that one is not here, or stands below it."""
        return self.above is None and bool(self.span.parent_id)


def in_order(spans: Iterable[Row[Any]]) -> list[Place]:
    """The spans from the top down, each directly below its parent."""
    unplaced = {span.span_id: span for span in sorted(spans, key=lambda span: (span.start_ns, span.span_id))}
    children: defaultdict[bytes, list[Row[Any]]] = defaultdict(list)
    tops: list[Row[Any]] = []
    for span in unplaced.values():
        (children[span.parent_id] if span.parent_id in unplaced else tops).append(span)
    places: list[Place] = []
    while unplaced:
        # What is left when all tops are placed goes round in circles.
        below = [Place(top, 0, None) for top in reversed(tops or [next(iter(unplaced.values()))])]
        tops = []
        while below:
            place = below.pop()
            if unplaced.pop(place.span.span_id, None) is not None:
                places.append(place)
                below.extend(
                    Place(child, place.depth + 1, place.span) for child in reversed(children[place.span.span_id])
                )
    return places
