"""Accounts in their table: functions of a connection, so that several share a transaction."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from services.accounts.model import Account
from services.accounts.tables import ACCOUNTS


@dataclass(frozen=True, slots=True)
class Kept:
    """An account with what only this service knows of it. *password* is a hash."""

    id: str
    email: str
    password: str = field(repr=False)
    staff: bool

    @property
    def scope(self) -> str:
        """What a token of it may do."""
        return "customer staff" if self.staff else "customer"

    def shown(self) -> Account:
        """What its owner sees."""
        return Account(id=self.id, email=self.email, role="staff" if self.staff else "customer")


def by_id(connection: Connection, id: str) -> Kept | None:
    """The account, or None."""
    return _one(connection, ACCOUNTS.c.id == id)


def by_email(connection: Connection, email: str) -> Kept | None:
    """The account of that name, or None."""
    return _one(connection, ACCOUNTS.c.email == email)


def add(connection: Connection, account: Kept) -> None:
    """Keep a new account.

    Raises:
        IntegrityError: when its name is taken; the database makes a problem of it.
    """
    values = {"id": account.id, "email": account.email, "password": account.password, "staff": account.staff}
    connection.execute(insert(ACCOUNTS).values(values))


def set_password(connection: Connection, id: str, password: str) -> None:
    """Put another hash in the place of the one that is there."""
    connection.execute(update(ACCOUNTS).where(ACCOUNTS.c.id == id).values(password=password))


def promote(connection: Connection, id: str) -> None:
    """Make it staff."""
    connection.execute(update(ACCOUNTS).where(ACCOUNTS.c.id == id).values(staff=True))


def remove(connection: Connection, id: str) -> None:
    """Delete the account, and with it whatever refers to it."""
    connection.execute(delete(ACCOUNTS).where(ACCOUNTS.c.id == id))


def _one(connection: Connection, condition: ColumnElement[bool]) -> Kept | None:
    row = connection.execute(select(ACCOUNTS).where(condition)).mappings().one_or_none()
    return Kept(**row) if row is not None else None
