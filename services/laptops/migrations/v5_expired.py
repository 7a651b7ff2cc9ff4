"""What is held and has expired is found without looking at what is over."""

from __future__ import annotations

from alembic import op

revision = "5"
down_revision = "4"


def upgrade() -> None:
    op.create_index("ix_reservations_state_until_s", "reservations", ["state", "until_s"])
