"""Failed attempts, in the database: all instances count together, and a restart forgives nothing.

A guess costs a hash before it costs a row, and rows are forgotten after an hour; so strangers can fill no more than
what is hashed in an hour, which is less than 100,000 rows.
"""

from __future__ import annotations

from hashlib import sha256

from sqlalchemy import Connection, delete, insert, select, update

from services.accounts.delay import FORGOTTEN_S, Attempts, counted, wait_s
from services.accounts.tables import ATTEMPTS

# How many forgotten ones are cleared away with each attempt: more than come, so that none stay.
_CLEARED = 10


def pair_of(email: str, address: str) -> bytes:
    """The name under which attempts at the account *email* from *address* are counted."""
    return sha256(f"{address} {email}".encode()).digest()


def count(connection: Connection, pair: bytes, now_s: float) -> float:
    """Count an attempt that begins now, and return 0; or count none, and return for how long it has to wait."""
    row = connection.execute(select(ATTEMPTS.c.number, ATTEMPTS.c.last_s).where(ATTEMPTS.c.pair == pair)).one_or_none()
    before = Attempts(*row) if row is not None else None
    if wait := wait_s(before, now_s):
        return wait
    after = counted(before, now_s)
    values = {"number": after.count, "last_s": after.last_s}
    if before is None:
        _clear(connection, now_s)
        connection.execute(insert(ATTEMPTS).values(pair=pair, **values))
    else:
        connection.execute(update(ATTEMPTS).where(ATTEMPTS.c.pair == pair).values(values))
    return 0.0


def forgive(connection: Connection, pair: bytes) -> None:
    """Forget them: the password was right."""
    connection.execute(delete(ATTEMPTS).where(ATTEMPTS.c.pair == pair))


def _clear(connection: Connection, now_s: float) -> None:
    forgotten = select(ATTEMPTS.c.pair).where(ATTEMPTS.c.last_s <= now_s - FORGOTTEN_S).limit(_CLEARED)
    connection.execute(delete(ATTEMPTS).where(ATTEMPTS.c.pair.in_(forgotten)))
