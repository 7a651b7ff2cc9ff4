"""A gateway that leads to whatever the tests put behind it."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from services.gateway import app
from services.gateway.allow_list import DEFAULT
from services.gateway.edge.settings import EdgeSettings
from services.kit.auth.issuer import Issuer

LISTED = (*DEFAULT, "echo", "chat", "full", "gone", "late", "odd", "sick", "silent", "ticks")


def build(
    edge: EdgeSettings | None = None, listed: Sequence[str] = LISTED, issuer: Issuer | None = None
) -> web.Application:
    """The gateway. Who has no document has the prefix of its own name.

    Without *edge* there is no limit: a test that asks until something shows asks more often than any client may.
    """
    return app.build(edge or EdgeSettings(rate=None, user_rate=None), listed, issuer)
