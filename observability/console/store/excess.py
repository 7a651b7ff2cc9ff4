"""What is too old, or too much: decisions only, without a clock and without the database.

Rows go in the order in which they came, whatever times their senders claim, and a trace goes as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

# Of metrics the pages show a quarter of an hour.
POINTS_S: Final = 3_600.0

Kind = Literal["traces", "logs", "points"]
KINDS: Final[tuple[Kind, ...]] = ("traces", "logs", "points")

# Once there is too much, more goes than has to, so that not every turn deletes.
_DOWN_TO = 0.9
# Empty pages that stay in the file, since what comes next would have to enlarge it again.
_SPARE = 0.05


@dataclass(frozen=True, slots=True)
class Extent:
    """The ids of a kind: the first, the last, and the last of those that are too old. 0 where there is none."""

    first: int
    last: int
    old: int


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of the file."""

    all: int
    empty: int
    size: int

    @property
    def used_bytes(self) -> int:
        """What is in them."""
        return (self.all - self.empty) * self.size

    @property
    def surplus(self) -> int:
        """How many empty ones the file should give back."""
        return max(0, self.empty - int(self.all * _SPARE))


def excess(extents: Mapping[Kind, Extent], used_bytes: int, keep_bytes: int) -> dict[Kind, int]:
    """The last id of each kind that has to go; a kind of which nothing goes is left out.

    Where the size decides, every kind loses the same share of its rows.
    """
    share = 1.0 - keep_bytes * _DOWN_TO / used_bytes if used_bytes > keep_bytes else 0.0
    upto: dict[Kind, int] = {}
    for kind, extent in extents.items():
        by_size = extent.first - 1 + int((extent.last - extent.first + 1) * share)
        last = max(extent.old, by_size)
        if last >= extent.first > 0:
            upto[kind] = last
    return upto
