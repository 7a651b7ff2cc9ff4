"""Who is logged in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "1"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "sessions",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("email", sa.String, nullable=False),
        sa.Column("staff", sa.Boolean, nullable=False),
        sa.Column("tokens", sa.LargeBinary, nullable=False),
        sa.Column("renew_s", sa.Double, nullable=False),
        sa.Column("expires_s", sa.Double, nullable=False, index=True),
    )
