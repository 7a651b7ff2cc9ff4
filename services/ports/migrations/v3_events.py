"""What happens elsewhere is taken note of."""

from __future__ import annotations

from alembic import op

from services.kit.events.tables import add_inbox

revision = "3"
down_revision = "2"


def upgrade() -> None:
    add_inbox(op.get_bind())
