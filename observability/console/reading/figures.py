"""Many spans as a few figures: how many, how many failed, how many were repeats, and how long they took.

The work is bounded: of a time in which more came than may be looked at, only the latest part is, and whoever makes a
rate of it divides by that part.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import ColumnElement, Connection, and_, case, func, literal_column, not_, or_, select

from observability.console.store.schema import SPANS

SECOND_NS = 10**9
MS_NS = 10**6

# The columns that figures are made of. SQLite's max() of two values takes the larger.
LASTED = func.max(SPANS.c.end_ns - SPANS.c.start_ns, 0).label("lasted")
# A 4xx is an answer: OpenTelemetry has the caller's span fail, but nothing between the two is out of order.
_REFUSED = func.coalesce(SPANS.c.status, 0).between(400, 499)
WRONG = case((or_(SPANS.c.status >= 500, and_(SPANS.c.failed != 0, not_(_REFUSED))), 1), else_=0).label("wrong")

# As they stand in the schema's partial indexes: with a parameter in its place, SQLite would not know them again.
SERVED: ColumnElement[bool] = SPANS.c.kind == literal_column("'server'")
ATTEMPTED: ColumnElement[bool] = SPANS.c.attempt > literal_column("0")

K = TypeVar("K", bound=Hashable)


@dataclass(slots=True)
class Figures:
    """What is known of a group of spans. Percentiles are by the nearest rank: one of those that were measured."""

    wrong: int = 0
    repeats: int = 0
    lasted: list[int] = field(default_factory=list)

    @property
    def calls(self) -> int:
        """How many there were."""
        return len(self.lasted)

    @property
    def errors(self) -> float:
        """The share of them that failed."""
        return self.wrong / max(1, self.calls)

    def percentile_ms(self, percent: int) -> float:
        """How long *percent* of them took at most; 0 for none."""
        if not self.lasted:
            return 0.0
        self.lasted.sort()
        rank = -(-self.calls * percent // 100)
        return self.lasted[rank - 1] / MS_NS


def grouped(spans: Iterable[tuple[K, int, int, int]]) -> dict[K, Figures]:
    """The figures of each group, from its name, and how long each span lasted, whether it failed, its number."""
    groups: dict[K, Figures] = {}
    for name, lasted, wrong, attempt in spans:
        group = groups.get(name)
        if group is None:
            group = groups[name] = Figures()
        group.lasted.append(lasted)
        group.wrong += wrong
        group.repeats += attempt > 1
    return groups


def since(connection: Connection, kind: ColumnElement[bool], begin_ns: int, end_ns: int, at_most: int) -> int:
    """From when on the spans of *kind* may be looked at: *begin_ns*, or later if there are more than *at_most*."""
    starts = select(SPANS.c.start_ns).where(kind, SPANS.c.start_ns.between(begin_ns, end_ns))
    surplus = starts.order_by(SPANS.c.start_ns.desc()).offset(at_most).limit(1)
    latest = connection.execute(surplus).scalar_one_or_none()
    return begin_ns if latest is None else min(latest + 1, end_ns)
