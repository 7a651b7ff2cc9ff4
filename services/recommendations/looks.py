"""The looks in their table: recorded one by one, read as far as they can matter."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Select, case, delete, select, tuple_

from services.kit.data.records import insert_into
from services.recommendations.model import Look, Seen
from services.recommendations.table import LOOKS

# A page that is loaded again, or a request that is sent again, is the same look.
_SAME_LOOK_S = 60.0

# What strangers send must not fill the disk: beyond this, the oldest are forgotten.
KEPT = 10_000

# What everybody looked at lately, and what one customer did: enough to see what goes with what, and read in
# milliseconds.
_LATELY = 1_000
_OWN = 50

_LATEST_FIRST = (LOOKS.c.last_s.desc(), LOOKS.c.customer.desc(), LOOKS.c.laptop.desc())


def record(connection: Connection, seen: Seen, now_s: float, *, kept: int = KEPT) -> None:
    """Count a look, unless it repeats one of just now."""
    first = insert_into(LOOKS, connection).values(customer=seen.customer, laptop=seen.laptop, times=1, last_s=now_s)
    later = first.excluded.last_s > LOOKS.c.last_s
    again = first.excluded.last_s - LOOKS.c.last_s >= _SAME_LOOK_S
    connection.execute(
        first.on_conflict_do_update(
            index_elements=[LOOKS.c.customer, LOOKS.c.laptop],
            set_={
                "times": LOOKS.c.times + case((again, 1), else_=0),
                # The clocks of two machines may differ, but the last look does not move back.
                "last_s": case((later, first.excluded.last_s), else_=LOOKS.c.last_s),
            },
        )
    )
    by_age = select(LOOKS.c.customer, LOOKS.c.laptop).order_by(*_LATEST_FIRST)
    connection.execute(delete(LOOKS).where(tuple_(LOOKS.c.customer, LOOKS.c.laptop).in_(by_age.offset(kept))))


def lately(connection: Connection, customer: str | None) -> Sequence[Look]:
    """The latest looks of everybody, and of *customer* also older ones."""
    latest = select(LOOKS).order_by(*_LATEST_FIRST)
    found = _read(connection, latest.limit(_LATELY))
    if customer is not None:
        found |= _read(connection, latest.where(LOOKS.c.customer == customer).limit(_OWN))
    return list(found.values())


def _read(connection: Connection, statement: Select[tuple[object, ...]]) -> dict[tuple[str, int], Look]:
    rows = connection.execute(statement).mappings()
    return {(row["customer"], row["laptop"]): Look(**row) for row in rows}
