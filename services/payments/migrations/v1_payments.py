"""Charges, and the ledger in which they are booked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "1"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "charges",
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("order", sa.Integer, nullable=False),
        sa.Column("customer", sa.String, nullable=False),
        sa.Column("amount_cents", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String, nullable=False),
        sa.Column("card", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("made_s", sa.Double, nullable=False),
    )
    op.create_table(
        "transactions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("charge", sa.String, sa.ForeignKey("charges.key"), nullable=False),
        sa.Column("refund", sa.String, nullable=False),
        sa.Column("made_s", sa.Double, nullable=False),
        sa.UniqueConstraint("charge", "refund"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "entries",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("transaction", sa.Integer, sa.ForeignKey("transactions.id"), nullable=False, index=True),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("amount_cents", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String, nullable=False),
        sa.CheckConstraint("amount_cents <> 0", name="amount_cents"),
        sqlite_autoincrement=True,
    )
