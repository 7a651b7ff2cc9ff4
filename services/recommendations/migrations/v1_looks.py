"""The looks, and those that are there at first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import discovery
from services.recommendations.table import seed

revision = "1"
down_revision = None


def upgrade() -> None:
    if sa.inspect(op.get_bind()).has_table("looks"):
        return  # of a database from before there were revisions
    looks = op.create_table(
        "looks",
        sa.Column("customer", sa.String, nullable=False),
        sa.Column("laptop", sa.Integer, nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("last_s", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("customer", "laptop"),
        # It says nothing that the key does not, but comes with an index by age, by which the oldest are found.
        sa.UniqueConstraint("last_s", "customer", "laptop"),
    )
    op.bulk_insert(looks, seed(discovery.Surroundings().clock.wall()))
