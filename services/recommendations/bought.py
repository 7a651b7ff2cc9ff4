"""What customers bought, in its table: written when an order is confirmed, read as far as it can matter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, delete, select, tuple_

from services.kit.data.records import insert_into
from services.recommendations.model import Purchase
from services.recommendations.table import BOUGHT

# Enough to see what goes with what, and read in milliseconds. Older ones are forgotten.
KEPT = 2_000

_LATEST_FIRST = (BOUGHT.c.last_s.desc(), BOUGHT.c.customer.desc(), BOUGHT.c.laptop.desc())


def record(connection: Connection, customer: str, laptops: Iterable[int], at_s: float, *, kept: int = KEPT) -> None:
    """*customer* bought these, together or one after the other."""
    first = insert_into(BOUGHT, connection)
    # Of two orders the one that comes later need not be the later one.
    later = first.on_conflict_do_update(
        index_elements=[BOUGHT.c.customer, BOUGHT.c.laptop],
        set_={"last_s": first.excluded.last_s},
        where=first.excluded.last_s > BOUGHT.c.last_s,
    )
    for laptop in laptops:
        connection.execute(later, {"customer": customer, "laptop": laptop, "last_s": at_s})
    by_age = select(BOUGHT.c.customer, BOUGHT.c.laptop).order_by(*_LATEST_FIRST)
    connection.execute(delete(BOUGHT).where(tuple_(BOUGHT.c.customer, BOUGHT.c.laptop).in_(by_age.offset(kept))))


def lately(connection: Connection) -> Sequence[Purchase]:
    """All that is kept."""
    return [Purchase(*row) for row in connection.execute(select(BOUGHT.c.customer, BOUGHT.c.laptop))]
