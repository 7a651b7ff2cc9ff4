"""Where orders are kept, and what was done for each."""

from __future__ import annotations

from sqlalchemy import Column, Double, ForeignKey, Integer, MetaData, PrimaryKeyConstraint, String, Table, Text

TABLES = MetaData()

ORDERS = Table(
    "orders",
    TABLES,
    Column("id", Integer, primary_key=True),
    # By which laptops and payments know it.
    Column("key", String, nullable=False, unique=True),
    Column("customer", String, nullable=False, index=True),
    # Empty when it has no use any more.
    Column("card", String, nullable=False),
    Column("lines", Text, nullable=False),
    Column("currency", String, nullable=False),
    Column("total_cents", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("reason", String),
    Column("laptop", Integer),
    Column("placed_s", Double, nullable=False),
    # When somebody has to look at it; NULL: never again.
    Column("due_s", Double, index=True),
    # How often its next step had no answer.
    Column("tries", Integer, nullable=False),
    sqlite_autoincrement=True,
)
STEPS = Table(
    "steps",
    TABLES,
    Column("order", Integer, ForeignKey("orders.id"), nullable=False),
    # From 0 on, so that two who go on from the same place cannot both do so.
    Column("position", Integer, nullable=False),
    Column("deed", String, nullable=False),
    Column("line", Integer, nullable=False),
    # NULL where it was done.
    Column("refusal", String),
    Column("at_s", Double, nullable=False),
    PrimaryKeyConstraint("order", "position"),
)
