"""The shop over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiohttp import web

import discovery
from services.kit.pages.assets import Assets
from services.marketplace import pages
from services.marketplace.catalogue import Catalogue
from services.marketplace.failures import told
from services.marketplace.headers import guard
from services.marketplace.looks import Looks
from services.marketplace.rendering import HOME, Renderer


def build(console_url: str = "", around: discovery.Surroundings | None = None) -> web.Application:
    """The shop; its footers link to traces at *console_url*, if there is one."""
    app = web.Application(middlewares=[told])
    app.on_response_prepare.append(guard)
    files = Assets(HOME)
    app[pages.RENDERER] = Renderer(files, console_url)
    app[pages.CATALOGUE] = Catalogue(around or discovery.Surroundings())
    app.on_startup.append(follow)
    app.cleanup_ctx.append(looking)
    app.router.add_get("/", pages.browse)
    app.router.add_get("/laptops/{id:[1-9][0-9]{0,17}}", pages.laptop)
    app.router.add_get("/static/{name}", files.serve)
    return app


async def follow(app: web.Application) -> None:
    """Know whom we ask before the first visitor comes, since the registry may be away by then."""
    for peer in ("laptops", "ports", "recommendations"):
        app[discovery.MESH].view(peer)


async def looking(app: web.Application) -> AsyncIterator[None]:
    """Tell of looks while the shop is open."""
    async with Looks(app[discovery.MESH]) as app[pages.LOOKS]:
        yield
