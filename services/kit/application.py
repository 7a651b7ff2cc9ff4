"""How a service with data of its own begins: with problems told, a database while it runs, and its readiness."""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiohttp import web

import discovery
from discovery.web import boundary
from services.kit.database import Database


def application(database: Database) -> web.Application:
    """An application that answers problems as documents, and is ready while its *database* is."""

    async def opened(_: web.Application) -> AsyncIterator[None]:
        async with database:
            yield

    app = web.Application(middlewares=[boundary])
    app.cleanup_ctx.append(opened)
    app[discovery.READINESS] = readiness = discovery.Readiness()
    readiness.add("database", database.check)
    return app
