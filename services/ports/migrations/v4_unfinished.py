"""What ends the process that handles it is counted."""

from __future__ import annotations

from alembic import op

from services.kit.events.tables import add_unfinished

revision = "4"
down_revision = "3"


def upgrade() -> None:
    add_unfinished(op.get_bind())
