"""Accounts, their logins, failed attempts, and signing keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "1"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("email", sa.String, nullable=False, unique=True),
        sa.Column("password", sa.String, nullable=False),
        sa.Column("staff", sa.Boolean, nullable=False),
    )
    op.create_table(
        "families",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("account", sa.String, sa.ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.Column("newest", sa.LargeBinary, nullable=False),
        sa.Column("previous", sa.LargeBinary),
        sa.Column("renewed_s", sa.Double, nullable=False),
        sa.Column("expires_s", sa.Double, nullable=False, index=True),
    )
    op.create_table(
        "attempts",
        sa.Column("pair", sa.LargeBinary, primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("last_s", sa.Double, nullable=False, index=True),
    )
    op.create_table(
        "signing_keys",
        sa.Column("generation", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("pair", sa.String, nullable=False),
        sa.Column("published_s", sa.Double, nullable=False),
        sa.Column("signs_s", sa.Double, nullable=False),
    )
