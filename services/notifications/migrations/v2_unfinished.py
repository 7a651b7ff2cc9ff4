"""What ends the process that handles it is counted."""

from __future__ import annotations

from alembic import op

from services.kit.events.tables import add_unfinished

revision = "2"
down_revision = "1"


def upgrade() -> None:
    add_unfinished(op.get_bind())
