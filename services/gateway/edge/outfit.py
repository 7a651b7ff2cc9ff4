"""All of the edge, put on the application of a gateway."""

from __future__ import annotations

from aiohttp import web

import discovery
from services.gateway.edge import limits
from services.gateway.edge.settings import EdgeSettings

# Within what makes answers of problems, and after what refuses targets that have two readings.
INNER = (limits.limited,)


def put_on(app: web.Application, settings: EdgeSettings) -> None:
    """Let *app* do what *settings* say; its middlewares are its own to name, since their order matters."""
    app[limits.LIMITS] = limits.Limits(settings, discovery.Surroundings().clock.now)
    app.on_response_prepare.append(limits.tell)
