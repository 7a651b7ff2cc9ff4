"""What was bought, and which events were taken."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.kit.events.tables import add_inbox

revision = "2"
down_revision = "1"


def upgrade() -> None:
    op.create_table(
        "bought",
        sa.Column("customer", sa.String, nullable=False),
        sa.Column("laptop", sa.Integer, nullable=False),
        sa.Column("last_s", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("customer", "laptop"),
        sa.UniqueConstraint("last_s", "customer", "laptop"),
    )
    add_inbox(op.get_bind())
