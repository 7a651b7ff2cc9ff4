"""The application that a service becomes: problems told, a database while it runs, its readiness, its document."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

from aiohttp import web

import discovery
from discovery.web import boundary
from services.kit.auth.guard import guard
from services.kit.auth.key_ring import Fetch
from services.kit.data.database import Database
from services.kit.events.sender import sending
from services.kit.service import Service, Settings
from services.kit.web import openapi
from services.kit.web.route import AROUND, DATABASE
from services.kit.web.router import add_routes


def application(
    service: Service, settings: Settings, around: discovery.Surroundings | None = None, *, fetch: Fetch | None = None
) -> web.Application:
    """The application of *service*, which is ready while its database can be read.

    Tokens of the issuer in *settings* count at it, by the keys that it publishes; where the service is that issuer, by
    those that *fetch* brings.
    """
    database = Database(settings.database, service.home)

    async def opened(_: web.Application) -> AsyncIterator[None]:
        async with database:
            yield

    app = web.Application(middlewares=[boundary])
    app[AROUND] = around = around or discovery.Surroundings()
    app[DATABASE] = database
    app[discovery.READINESS] = readiness = discovery.Readiness()
    readiness.add("database", database.check)
    # Who cannot write for now still reads.
    readiness.add("writing", database.check_writing, vital=False)
    app.cleanup_ctx.append(opened)
    if any(route.scope for route in service.routes):
        guard(app, settings.issuer, around, fetch)
    app.cleanup_ctx.extend(service.while_running)
    if service.sends:
        app.cleanup_ctx.append(partial(sending, broker=settings.broker))
    if service.takes and settings.broker is not None:
        from services.kit.events.broker_inbox import taking  # noqa: PLC0415 - only who uses it pays for it

        app.cleanup_ctx.append(partial(taking, url=settings.broker, takes=service.takes))
    add_routes(app, service.routes)
    app.router.add_get(openapi.PATH, openapi.serving(service.name, service.api, service.routes))
    return app
