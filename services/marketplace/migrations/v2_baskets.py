"""What somebody means to buy."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = "1"


def upgrade() -> None:
    op.create_table(
        "baskets",
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("laptop", sa.Integer, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("price_cents", sa.Integer, nullable=False),
        sa.Column("currency", sa.String, nullable=False),
        sa.Column("changed_s", sa.Double, nullable=False, index=True),
        sa.PrimaryKeyConstraint("owner", "laptop"),
    )
