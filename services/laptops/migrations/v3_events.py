"""What happens is told to others."""

from __future__ import annotations

from alembic import op

from services.kit.events.tables import add_outbox

revision = "3"
down_revision = "2"


def upgrade() -> None:
    add_outbox(op.get_bind())
