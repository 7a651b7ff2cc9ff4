"""Where events wait, and where it is kept which came: in the database of the service that they are about.

The helpers are for revisions of a service's schema, which stay as they are: what these tables need one day is added by
helpers of its own.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Double,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

from services.kit.data.lease import add_leases

_TABLES = MetaData()

# Who writes does so alone: these ids are in the order of what is committed, and none appears below one that was read.
OUTBOX = Table(
    "outbox",
    _TABLES,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("kind", String, nullable=False),
    Column("made_s", Double, nullable=False),
    # All of it, as it goes on its way.
    Column("body", Text, nullable=False),
    # Cursors remember ids: none is given again.
    sqlite_autoincrement=True,
)
CURSORS = Table(
    "cursors",
    _TABLES,
    Column("subscriber", String, primary_key=True),
    # It has all up to this one.
    Column("reached", BigInteger, nullable=False),
    Column("seen_s", Double, nullable=False),
)
INBOX = Table(
    "inbox",
    _TABLES,
    Column("source", String, nullable=False),
    Column("event", String, nullable=False),
    Column("taken_s", Double, nullable=False, index=True),
    PrimaryKeyConstraint("source", "event"),
)
UNFINISHED = Table(
    "unfinished",
    _TABLES,
    Column("source", String, nullable=False),
    Column("event", String, nullable=False),
    # How often it was begun, and came to no end.
    Column("begun", Integer, nullable=False),
    PrimaryKeyConstraint("source", "event"),
)
LETTERS = Table(
    "letters",
    _TABLES,
    # Of the body: the same one is kept once.
    Column("digest", String, primary_key=True),
    Column("reason", String, nullable=False),
    Column("buried_s", Double, nullable=False),
    Column("body", Text, nullable=False),
)


def add_outbox(connection: Connection) -> None:
    """Make what a service needs that sends events."""
    OUTBOX.create(connection)
    CURSORS.create(connection)
    add_leases(connection)


def add_inbox(connection: Connection) -> None:
    """Make what a service needs that takes events."""
    INBOX.create(connection)
    LETTERS.create(connection)


def add_unfinished(connection: Connection) -> None:
    """Make what a service needs besides, so that what ends its process does not come for ever."""
    UNFINISHED.create(connection)
