"""Notifications, and which events were taken."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.kit.events.tables import add_inbox

revision = "1"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "notifications",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("customer", sa.String, nullable=False),
        sa.Column("order", sa.Integer, nullable=False),
        sa.Column("about", sa.String, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("text", sa.String, nullable=False),
        sa.Column("read", sa.Boolean, nullable=False),
        sa.Column("at_s", sa.Double, nullable=False, index=True),
        sa.Index("ix_notifications_customer_id", "customer", "id"),
        sqlite_autoincrement=True,
    )
    add_inbox(op.get_bind())
