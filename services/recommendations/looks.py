"""The looks in their table: recorded one by one, read as far as they can matter."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Select, case, delete, func, select, tuple_
from sqlalchemy.dialects.sqlite import insert

from services.kit.database import Database
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


class Looks:
    """Keeps who looked at what. Each method raises a ``Problem`` (503) when the database is away."""

    def __init__(self, database: Database, *, kept: int = KEPT) -> None:
        self._database = database
        self._kept = kept

    async def record(self, seen: Seen, now_s: float) -> None:
        """Count a look, unless it repeats one of just now."""
        first = insert(LOOKS).values(customer=seen.customer, laptop=seen.laptop, times=1, last_s=now_s)
        again = first.excluded.last_s - LOOKS.c.last_s >= _SAME_LOOK_S
        by_age = select(LOOKS.c.customer, LOOKS.c.laptop).order_by(*_LATEST_FIRST)
        async with self._database.writing() as connection:
            await connection.execute(
                first.on_conflict_do_update(
                    index_elements=[LOOKS.c.customer, LOOKS.c.laptop],
                    set_={
                        "times": LOOKS.c.times + case((again, 1), else_=0),
                        # The clocks of two machines may differ, but the last look does not move back.
                        "last_s": func.max(LOOKS.c.last_s, first.excluded.last_s),
                    },
                )
            )
            forgotten = tuple_(LOOKS.c.customer, LOOKS.c.laptop).in_(by_age.limit(-1).offset(self._kept))
            await connection.execute(delete(LOOKS).where(forgotten))

    async def lately(self, customer: str | None) -> Sequence[Look]:
        """The latest looks of everybody, and of *customer* also older ones."""
        latest = select(LOOKS).order_by(*_LATEST_FIRST)
        found = await self._read(latest.limit(_LATELY))
        if customer is not None:
            found |= await self._read(latest.where(LOOKS.c.customer == customer).limit(_OWN))
        return list(found.values())

    async def _read(self, statement: Select[tuple[object, ...]]) -> dict[tuple[str, int], Look]:
        async with self._database.reading() as connection:
            rows = (await connection.execute(statement)).mappings()
            return {(row["customer"], row["laptop"]): Look(**row) for row in rows}
