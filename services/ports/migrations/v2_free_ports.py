"""A port may belong to no laptop."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = "1"


def upgrade() -> None:
    # SQLite makes a table anew to change a column; the id of what was deleted must not be given again after that.
    with op.batch_alter_table("ports", table_kwargs={"sqlite_autoincrement": True}) as ports:
        ports.alter_column("laptop", existing_type=sa.Integer, nullable=True)
