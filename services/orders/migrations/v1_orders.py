"""Orders, the steps of each, who carries one out, what is told of it, and answers that are given again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.kit.data.answers import add_answers
from services.kit.events.tables import add_outbox

revision = "1"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "orders",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("key", sa.String, nullable=False, unique=True),
        sa.Column("customer", sa.String, nullable=False, index=True),
        sa.Column("card", sa.String, nullable=False),
        sa.Column("lines", sa.Text, nullable=False),
        sa.Column("currency", sa.String, nullable=False),
        sa.Column("total_cents", sa.Integer, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("reason", sa.String),
        sa.Column("laptop", sa.Integer),
        sa.Column("placed_s", sa.Double, nullable=False),
        sa.Column("due_s", sa.Double, index=True),
        sa.Column("tries", sa.Integer, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "steps",
        sa.Column("order", sa.Integer, sa.ForeignKey("orders.id"), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("deed", sa.String, nullable=False),
        sa.Column("line", sa.Integer, nullable=False),
        sa.Column("refusal", sa.String),
        sa.Column("at_s", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("order", "position"),
    )
    add_answers(op.get_bind())
    # And with it the leases.
    add_outbox(op.get_bind())
