"""The laptops in their table, as they were told: one by one by events, and all of them at once when they are read.

A reading takes a while, in which events may come that tell of something later. Changes are counted, so that a reading
is put in the place of what was there when it began, and of nothing that was told since. No clock has to agree with
another for that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, case, delete, insert, select, update

from services.kit.data.records import insert_into
from services.recommendations.model import Laptop
from services.recommendations.table import CATALOGUE, LAPTOPS

# Beyond that, ranking all of them for every request would be the wrong way.
MOST = 1000

_GONE = {"title": "", "model": "", "stock": 0, "price_cents": None, "currency": ""}


@dataclass(frozen=True, slots=True)
class Known:
    """What is known after so many *changes*: the laptops, whether these are all, as of when (seconds since 1970)."""

    changes: int
    laptops: Sequence[Laptop]
    whole: bool
    as_of_s: float

    @property
    def ids(self) -> frozenset[int]:
        """The ids of the laptops."""
        return frozenset(laptop.id for laptop in self.laptops)


def keep(connection: Connection, laptop: Laptop, at_s: float) -> None:
    """*laptop* was added, or is like that now."""
    _put(connection, laptop.id, at_s, laptop.model_dump(exclude={"id"}) | {"gone": False})


def drop(connection: Connection, id: int, at_s: float) -> None:
    """That one is gone. It is remembered, for a reading that began before may have it."""
    _put(connection, id, at_s, _GONE | {"gone": True})


def changes(connection: Connection) -> int:
    """How many there were: a reading that begins now is older than the next one."""
    return int(connection.execute(select(CATALOGUE.c.changes)).scalar_one())


def replace(connection: Connection, laptops: Iterable[Laptop], *, whole: bool, began: int, at_s: float) -> None:
    """Put *laptops*, whose reading began after so many changes, in the place of all that was known then."""
    change = LAPTOPS.c.change
    told = set(connection.execute(select(LAPTOPS.c.id).where(change > began)).scalars())
    connection.execute(delete(LAPTOPS).where(change <= began))
    rows = {each.id: {**each.model_dump(), "gone": False, "change": began} for each in laptops if each.id not in told}
    if rows:
        connection.execute(insert(LAPTOPS), list(rows.values()))
    connection.execute(update(CATALOGUE).values(changes=CATALOGUE.c.changes + 1, whole=whole, as_of_s=at_s))


def known(connection: Connection, had: Known | None) -> Known | None:
    """What is known, which is *had* while nothing has changed; None while they were never read."""
    state = connection.execute(select(CATALOGUE)).one()
    if state.as_of_s is None:
        return None
    if had is not None and had.changes == state.changes:
        return had
    there = select(LAPTOPS).where(LAPTOPS.c.gone.is_(False)).order_by(LAPTOPS.c.id).limit(MOST + 1)
    found = [Laptop.model_validate(dict(row)) for row in connection.execute(there).mappings()]
    whole = state.whole and len(found) <= MOST
    return Known(changes=state.changes, laptops=found[:MOST], whole=whole, as_of_s=state.as_of_s)


def _put(connection: Connection, id: int, at_s: float, facts: dict[str, object]) -> None:
    # As of when it is known only once all was read.
    as_of = case((CATALOGUE.c.as_of_s < at_s, at_s), else_=CATALOGUE.c.as_of_s)
    counting = update(CATALOGUE).values(changes=CATALOGUE.c.changes + 1, as_of_s=as_of).returning(CATALOGUE.c.changes)
    facts = facts | {"change": connection.execute(counting).scalar_one()}
    putting = insert_into(LAPTOPS, connection).values(id=id, **facts)
    connection.execute(putting.on_conflict_do_update(index_elements=[LAPTOPS.c.id], set_=facts))
