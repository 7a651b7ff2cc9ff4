"""The application that a service becomes: problems told, a database while it runs, its readiness, its document."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from aiohttp import web

import discovery
from discovery.web import boundary
from services.kit.auth.guard import guard
from services.kit.auth.issuer import Issuer
from services.kit.data.database import Database
from services.kit.service import Service
from services.kit.settings import Settings
from services.kit.web import openapi
from services.kit.web.route import AROUND, DATABASE
from services.kit.web.router import add_routes

Guarded = Callable[[web.Application, Issuer | None, discovery.Surroundings], None]


def application(
    service: Service, settings: Settings, around: discovery.Surroundings | None = None, *, guarded: Guarded = guard
) -> web.Application:
    """The application of *service*, which is ready while its database can be read.

    *guarded* decides whose tokens count at it: those of the issuer in *settings*, unless the service is that itself.
    """
    database = Database(settings.database, service.home)

    async def opened(_: web.Application) -> AsyncIterator[None]:
        async with database:
            yield

    app = web.Application(middlewares=[boundary])
    app[AROUND] = around = around or discovery.Surroundings()
    if any(route.scope for route in service.routes):
        guarded(app, settings.issuer, around)
    app[DATABASE] = database
    app[discovery.READINESS] = readiness = discovery.Readiness()
    readiness.add("database", database.check)
    # Who cannot write for now still reads.
    readiness.add("writing", database.check_writing, vital=False)
    app.cleanup_ctx.append(opened)
    app.cleanup_ctx.extend(service.while_running)
    add_routes(app, service.routes)
    app.router.add_get(openapi.PATH, openapi.serving(service.name, service.api, service.routes))
    return app
