"""Stock can be reserved."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = "1"


def upgrade() -> None:
    # An instance of before knows nothing of it, and adds laptops of which nothing is reserved.
    op.add_column("laptops", sa.Column("reserved", sa.Integer, nullable=False, server_default="0"))
    op.create_table(
        "reservations",
        sa.Column("laptop", sa.Integer, sa.ForeignKey("laptops.id", ondelete="CASCADE"), nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("until_s", sa.Double, nullable=False, index=True),
        sa.PrimaryKeyConstraint("laptop", "key"),
    )
