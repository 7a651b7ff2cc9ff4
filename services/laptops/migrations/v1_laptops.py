"""The laptops, and those that are there at first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.laptops.table import SEED

revision = "1"
down_revision = None


def upgrade() -> None:
    if sa.inspect(op.get_bind()).has_table("laptops"):
        return  # of a database from before there were revisions
    laptops = op.create_table(
        "laptops",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("model", sa.String, nullable=False),
        sa.Column("stock", sa.Integer, nullable=False),
        sa.Column("price_cents", sa.Integer),
        sa.Column("currency", sa.String, nullable=False),
        sa.UniqueConstraint("title", "model"),
        # The id of what was deleted is not given again: whoever remembers it must not meet something else.
        sqlite_autoincrement=True,
    )
    op.bulk_insert(laptops, SEED)
