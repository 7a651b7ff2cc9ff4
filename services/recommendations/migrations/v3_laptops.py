"""The laptops, as far as they were told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "3"
down_revision = "2"


def upgrade() -> None:
    op.create_table(
        "laptops",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("model", sa.String, nullable=False),
        sa.Column("stock", sa.Integer, nullable=False),
        sa.Column("price_cents", sa.Integer),
        sa.Column("currency", sa.String, nullable=False),
        sa.Column("gone", sa.Boolean, nullable=False),
        sa.Column("change", sa.Integer, nullable=False),
    )
    catalogue = op.create_table(
        "catalogue",
        sa.Column("changes", sa.Integer, nullable=False),
        sa.Column("as_of_s", sa.Double),
        sa.Column("whole", sa.Boolean, nullable=False),
    )
    op.bulk_insert(catalogue, [{"changes": 0, "as_of_s": None, "whole": False}])
