"""Families of refresh tokens in their table, one for each login: functions of a connection."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import Connection, delete, insert, select, update

from services.accounts.refresh_token import Family, RefreshToken
from services.accounts.tables import FAMILIES

# How many logins of one account last at once; the one that was renewed longest ago ends for another. More than anybody
# has devices, and few enough that a script that logs in each time fills nothing.
MOST = 100

# How many of those that have expired are cleared away with each login: more than come, so that none stay.
_CLEARED = 10


def get(connection: Connection, id: str) -> Family | None:
    """The family, or None."""
    row = connection.execute(select(FAMILIES).where(FAMILIES.c.id == id)).mappings().one_or_none()
    return Family(**row) if row is not None else None


def add(connection: Connection, family: Family, now_s: float) -> None:
    """Keep a new family, and clear away those that it takes the place of."""
    expired = select(FAMILIES.c.id).where(FAMILIES.c.expires_s <= now_s).limit(_CLEARED)
    connection.execute(delete(FAMILIES).where(FAMILIES.c.id.in_(expired)))
    others = select(FAMILIES.c.id).where(FAMILIES.c.account == family.account)
    beyond = others.order_by(FAMILIES.c.renewed_s.desc(), FAMILIES.c.id).offset(MOST - 1).limit(_CLEARED)
    connection.execute(delete(FAMILIES).where(FAMILIES.c.id.in_(beyond)))
    connection.execute(insert(FAMILIES).values(asdict(family)))


def renew(connection: Connection, family: Family, successor: RefreshToken, now_s: float) -> None:
    """Let *successor* be the newest, and the one that was so be the one before it."""
    values = {"newest": successor.digest(), "previous": family.newest, "renewed_s": now_s}
    connection.execute(update(FAMILIES).where(FAMILIES.c.id == family.id).values(values))


def remove(connection: Connection, id: str) -> None:
    """End the login, unless it has ended already."""
    connection.execute(delete(FAMILIES).where(FAMILIES.c.id == id))


def remove_all(connection: Connection, account: str) -> int:
    """End all logins of *account*; how many there were."""
    return connection.execute(delete(FAMILIES).where(FAMILIES.c.account == account)).rowcount
