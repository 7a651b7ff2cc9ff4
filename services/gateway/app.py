"""The gateway over HTTP."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

import discovery
from discovery.web import boundary
from services.gateway import openapi, remedies, shop
from services.gateway.allow_list import DEFAULT
from services.gateway.api import api
from services.gateway.edge import outfit
from services.gateway.edge.settings import EdgeSettings
from services.gateway.entrance import CHECKS, IN_FLIGHT, METHODS, conceal, entrance, in_flight
from services.gateway.index import index
from services.gateway.page import PAGES, Pages
from services.gateway.published import PUBLISHED, Published
from services.gateway.table import STATIC
from services.gateway.target import PREFIX
from services.gateway.tunnel import OPENED, end_what_is_refused, room
from services.kit.auth.guard import guard
from services.kit.auth.issuer import Issuer


def build(
    edge: EdgeSettings | None = None,
    listed: Sequence[str] = DEFAULT,
    issuer: Issuer | None = None,
    console_url: str = "",
) -> web.Application:
    """The service. It leads to those that are *listed* whom *issuer* has given a token for what they ask.
    Its page links to traces at *console_url*, if there is one.

    What it keeps, others need not know, so any number of it may run.
    """
    app = web.Application(middlewares=[boundary, entrance])
    app[CHECKS] = []
    edge = edge or EdgeSettings()
    outfit.put_on(app, edge)
    app[shop.PAGE_S] = edge.page_s
    app[OPENED] = room()
    app[IN_FLIGHT] = in_flight()
    app.on_response_prepare.append(conceal)
    app.on_response_prepare.append(end_what_is_refused)
    guard(app, issuer, discovery.Surroundings())
    app[PAGES] = pages = Pages(console_url)
    app[openapi.WHOLE] = openapi.Whole()
    app[PUBLISHED] = published = Published(listed)
    app.cleanup_ctx.append(published.follow)
    app.router.add_get(f"/{PREFIX}/{STATIC}/{{name}}", pages.assets.serve)
    for path in openapi.PATHS:
        app.router.add_get(path, openapi.openapi)
    app.router.add_get("/problems/{name}", remedies.remedy)
    # In the order in which they are tried: nearly every request is for an API.
    for method in METHODS:
        app.router.add_route(method, f"/{PREFIX}/{{rest:.+}}", api)
    for path in (f"/{PREFIX}", f"/{PREFIX}/"):
        app.router.add_get(path, index)
    app.router.add_get(shop.PATH, shop.shop)
    app.router.add_post(shop.PATH, shop.shop)
    return app
