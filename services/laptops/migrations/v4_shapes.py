"""A laptop has a form, and a screen of some size."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.laptops.table import LAPTOPS, SEED, SHAPES

revision = "4"
down_revision = "3"


def upgrade() -> None:
    # An instance of before knows nothing of them, and adds laptops of the usual form, of whose screen nothing is known.
    op.add_column("laptops", sa.Column("form", sa.String, nullable=False, server_default="clamshell"))
    op.add_column("laptops", sa.Column("screen_inches", sa.Integer))
    for offered, (form, screen_inches) in zip(SEED, SHAPES, strict=True):
        these = LAPTOPS.c.model == offered["model"]
        op.execute(sa.update(LAPTOPS).where(these).values(form=form, screen_inches=screen_inches))
