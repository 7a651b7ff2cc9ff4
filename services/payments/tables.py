"""Where charges and the ledger are kept. Rows are added, and never changed: what was wrong is set right by another."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

TABLES = MetaData()

CHARGES = Table(
    "charges",
    TABLES,
    # The caller's own, and used up by its first use, whatever came of it.
    Column("key", String, primary_key=True),
    Column("order", Integer, nullable=False),
    Column("customer", String, nullable=False),
    Column("amount_cents", BigInteger, nullable=False),
    Column("currency", String, nullable=False),
    Column("card", String, nullable=False),
    Column("state", String, nullable=False),
    Column("made_s", Double, nullable=False),
)

TRANSACTIONS = Table(
    "transactions",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("charge", String, ForeignKey("charges.key"), nullable=False),
    # The key of a refund; empty for the charge itself, since NULL would be unlike every other NULL.
    Column("refund", String, nullable=False),
    Column("made_s", Double, nullable=False),
    # So the database itself takes no charge and no refund twice.
    UniqueConstraint("charge", "refund"),
    sqlite_autoincrement=True,
)

ENTRIES = Table(
    "entries",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("transaction", Integer, ForeignKey("transactions.id"), nullable=False, index=True),
    Column("account", String, nullable=False),
    # What the account was debited; what it was credited is negative.
    Column("amount_cents", BigInteger, nullable=False),
    Column("currency", String, nullable=False),
    CheckConstraint("amount_cents <> 0", name="amount_cents"),
    sqlite_autoincrement=True,
)
