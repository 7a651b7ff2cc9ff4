"""Baskets in their table: functions of a connection."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace

from sqlalchemy import Connection, case, delete, func, select, update

from services.kit.data.records import LARGEST, insert_into
from services.marketplace.basket import LINES_MAX, QUANTITY_MAX, Line
from services.marketplace.tables import BASKETS

# For so long a browser has its cookie; nobody comes back for what is older.
_KEPT_S = 30 * 24 * 3600.0
# No catalogue has so many, and no database a larger number.
LAPTOP_MAX = LARGEST
# How many that nobody comes back for are cleared away with each that is added: more than come, so that none stay.
_CLEARED = 10


def lines(connection: Connection, owner: str) -> Sequence[Line]:
    """What is in a basket."""
    columns = [column for column in BASKETS.c if column is not BASKETS.c.owner]
    found = select(*columns).where(BASKETS.c.owner == owner).order_by(BASKETS.c.laptop)
    return [Line(**row) for row in connection.execute(found).mappings()]


def count(connection: Connection, owner: str) -> int:
    """How many things are in it."""
    number = select(func.coalesce(func.sum(BASKETS.c.quantity), 0)).where(BASKETS.c.owner == owner)
    return int(connection.execute(number).scalar_one())


def add(connection: Connection, owner: str, line: Line) -> bool:
    """Put *line* in, beside as many of the same as are there; False: there are as many different ones as may be."""
    _clear(connection, line.changed_s)
    others = select(func.count()).select_from(BASKETS).where(BASKETS.c.owner == owner, BASKETS.c.laptop != line.laptop)
    if connection.execute(others).scalar_one() >= LINES_MAX:
        return False
    more = BASKETS.c.quantity + line.quantity
    bounded = case((more > QUANTITY_MAX, QUANTITY_MAX), else_=more)
    row = asdict(line)
    adding = insert_into(BASKETS, connection).values(owner=owner, **row)
    here = [BASKETS.c.owner, BASKETS.c.laptop]
    connection.execute(adding.on_conflict_do_update(index_elements=here, set_={**row, "quantity": bounded}))
    return True


def change(connection: Connection, owner: str, laptop: int, quantity: int, now_s: float) -> None:
    """Have *quantity* of a laptop that is in it; 0: none."""
    this = (BASKETS.c.owner == owner) & (BASKETS.c.laptop == laptop)
    if quantity:
        connection.execute(update(BASKETS).where(this).values(quantity=quantity, changed_s=now_s))
    else:
        connection.execute(delete(BASKETS).where(this))


def merge(connection: Connection, source: str, target: str, now_s: float) -> None:
    """Put what is in the basket *source* into *target*, as far as there is room; *source* is empty then.

    To who looks at *target* on another page that is a change of now: what he orders there is not what was put in here.
    """
    for line in lines(connection, source):
        add(connection, target, replace(line, changed_s=now_s))
    connection.execute(delete(BASKETS).where(BASKETS.c.owner == source))


def ordered(connection: Connection, owner: str, laptops: Iterable[int], seen_s: float) -> None:
    """Take out what was ordered as it was at *seen_s*; what was changed since then stays."""
    those = BASKETS.c.laptop.in_(list(laptops))
    connection.execute(delete(BASKETS).where(BASKETS.c.owner == owner, those, BASKETS.c.changed_s <= seen_s))


def _clear(connection: Connection, now_s: float) -> None:
    left = BASKETS.c.owner.startswith("browser ") & (BASKETS.c.changed_s < now_s - _KEPT_S)
    rows = select(BASKETS.c.owner).where(left).limit(_CLEARED)
    connection.execute(delete(BASKETS).where(left, BASKETS.c.owner.in_(rows)))
