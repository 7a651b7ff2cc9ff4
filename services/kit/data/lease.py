"""A lease: what one holder at a time may do, until it ends by itself.

It is a row of the database that the work is about, so that whether somebody still has it can be asked in the very
transaction that the work is done in: whoever was stopped for a minute, and does not know that his time is over, changes
nothing. Holders compare walls' clocks, which must not differ by more than a part of the time of a lease.
"""

from __future__ import annotations

from sqlalchemy import Column, Connection, Double, MetaData, String, Table, delete, select

from services.kit.data.records import insert_into

LEASES = Table(
    "leases",
    MetaData(),
    Column("name", String, primary_key=True),
    Column("holder", String, nullable=False),
    Column("until_s", Double, nullable=False),
)


def add_leases(connection: Connection) -> None:
    """Make the table, for a revision of a service's schema; another revision may have made it."""
    LEASES.create(connection, checkfirst=True)


def claim(connection: Connection, name: str, holder: str, *, now_s: float, for_s: float) -> bool:
    """Whether *holder* has it from now on for *for_s* seconds: it has it already, or nobody has, or no longer."""
    free = (LEASES.c.holder == holder) | (LEASES.c.until_s <= now_s)
    row = {"holder": holder, "until_s": now_s + for_s}
    claiming = (
        insert_into(LEASES, connection)
        .values(name=name, **row)
        .on_conflict_do_update(index_elements=[LEASES.c.name], set_=row, where=free)
        .returning(LEASES.c.name)
    )
    return connection.execute(claiming).first() is not None


def holds(connection: Connection, name: str, holder: str, *, now_s: float) -> bool:
    """Whether *holder* has it now."""
    held = (LEASES.c.name == name) & (LEASES.c.holder == holder) & (LEASES.c.until_s > now_s)
    return connection.execute(select(LEASES.c.name).where(held)).first() is not None


def release(connection: Connection, name: str, holder: str) -> None:
    """Let the next one have it at once. Of who does not have it, nothing is taken."""
    connection.execute(delete(LEASES).where(LEASES.c.name == name, LEASES.c.holder == holder))
