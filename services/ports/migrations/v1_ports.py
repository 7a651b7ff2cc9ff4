"""The ports, and those that are there at first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.ports.table import SEED

revision = "1"
down_revision = None


def upgrade() -> None:
    if sa.inspect(op.get_bind()).has_table("ports"):
        return  # of a database from before there were revisions
    ports = op.create_table(
        "ports",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("laptop", sa.Integer, nullable=False),
        sa.Column("connector", sa.String),
        sa.Column("watts", sa.Integer),
        sa.UniqueConstraint("laptop", "name"),
        # The id of what was deleted is not given again: whoever remembers it must not meet something else.
        sqlite_autoincrement=True,
    )
    op.bulk_insert(ports, SEED)
