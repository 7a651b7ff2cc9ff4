"""When what came: marks, set from time to time, so that rows need not carry the time of their arrival."""

from __future__ import annotations

from sqlalchemy import Column, Connection, Float, Integer, MetaData, Table, delete, func, insert, select, update

from observability.console.store.excess import KINDS, Kind
from observability.console.store.schema import METADATA

# As fine as an age can be told; three days have some four thousand of them.
_EVERY_S = 60.0

_MARKS = Table(
    "arrivals",
    MetaData(),
    Column("at", Float, primary_key=True),  # seconds since 1970
    *(Column(kind, Integer, nullable=False) for kind in KINDS),  # the last id that was there by then
)


def mark(connection: Connection, now: float, keep_s: float) -> bool:
    """Remember what is there, and forget marks that have nothing to tell any more; False if that was done just now."""
    _MARKS.create(connection, checkfirst=True)
    at = _MARKS.c.at
    if connection.execute(select(func.count()).where(at > now - _EVERY_S, at <= now)).scalar_one():
        return False
    lasts = {kind: func.coalesce(func.max(METADATA.tables[kind].c.id), 0) for kind in KINDS}
    connection.execute(
        insert(_MARKS).values(at=now, **{kind: select(last).scalar_subquery() for kind, last in lasts.items()})
    )
    connection.execute(delete(_MARKS).where(at < select(func.max(at)).where(at <= now - keep_s).scalar_subquery()))
    return True


def last_before(connection: Connection, kind: Kind, moment: float) -> int:
    """The last id of *kind* that was there at *moment*, as far as one knows."""
    marks = select(_MARKS.c[kind]).where(_MARKS.c.at <= moment).order_by(_MARKS.c.at.desc()).limit(1)
    return connection.execute(marks).scalar() or 0


def start_over(connection: Connection, kind: Kind) -> None:
    """Nothing of *kind* is there any more, and its ids begin with 1 again: what is to come is older than no mark."""
    connection.execute(update(_MARKS).values({kind: 0}))
