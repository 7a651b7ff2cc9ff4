"""The shop over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiohttp import web
from sqlalchemy.engine import URL

import discovery
from services.kit.data.database import Database
from services.kit.pages.assets import Assets
from services.kit.service import Service
from services.kit.web.route import AROUND, DATABASE
from services.marketplace import basket_pages, checkout, live, login, notice_pages, order_pages, pages, staff
from services.marketplace.catalogue import Catalogue
from services.marketplace.drawings import PATH
from services.marketplace.failures import told
from services.marketplace.headers import guard
from services.marketplace.looks import Looks
from services.marketplace.rendering import HOME, Renderer
from services.marketplace.visiting import visiting

SERVICE = Service("marketplace", port=5003, home=HOME)

# Who opens a page waits for it, and most of a page is not kept here.
_PATIENCE_S = 1.0
_ID = "{id:[1-9][0-9]{0,17}}"


def build(database: URL, console_url: str = "", around: discovery.Surroundings | None = None) -> web.Application:
    """The shop, with what it keeps in *database*; its footers link to traces at *console_url*, if there is one."""
    app = web.Application(middlewares=[told, visiting])
    app.on_response_prepare.append(guard)
    files = Assets(HOME)
    app[AROUND] = around = around or discovery.Surroundings()
    app[DATABASE] = Database(database, HOME, patience_s=_PATIENCE_S)
    app[discovery.READINESS] = readiness = discovery.Readiness()
    # Without it, pages can still be looked at.
    readiness.add("database", app[DATABASE].check, vital=False)
    app[pages.RENDERER] = renderer = Renderer(files, console_url)
    app[pages.CATALOGUE] = Catalogue(around)
    app.on_startup.append(follow)
    app.cleanup_ctx.append(keeping)
    app.cleanup_ctx.append(looking)
    app.router.add_get("/", pages.browse)
    app.router.add_get(f"/laptops/{_ID}", pages.laptop)
    app.router.add_get("/signup", login.show_sign_up)
    app.router.add_post("/signup", login.sign_up)
    app.router.add_get("/login", login.show_login)
    app.router.add_post("/login", login.log_in)
    app.router.add_post("/logout", login.log_out)
    app.router.add_get("/staff", staff.show_desk)
    app.router.add_get("/staff/stock", staff.show_stock)
    app.router.add_get(f"/staff/stock/{_ID}", staff.show_laptop)
    app.router.add_post(f"/staff/stock/{_ID}", staff.change_laptop)
    app.router.add_get("/staff/orders", staff.show_orders)
    app.router.add_get(PATH, renderer.drawings.serve)
    app.router.add_get("/basket", basket_pages.show)
    app.router.add_post("/basket", basket_pages.take)
    app.router.add_post(f"/basket/{_ID}", basket_pages.change)
    app.router.add_get("/checkout", checkout.show)
    app.router.add_post("/checkout", checkout.order)
    app[live.WATCHED] = live.Watched()
    app.router.add_get("/orders", order_pages.show_all)
    app.router.add_get(f"/orders/{_ID}", order_pages.show)
    app.router.add_get(f"/orders/{_ID}/live", order_pages.follow)
    app.router.add_post(f"/orders/{_ID}/again", order_pages.again)
    app.router.add_get("/notifications", notice_pages.show_all)
    app.router.add_get("/notifications/live", notice_pages.follow)
    app.router.add_post(f"/notifications/{_ID}/read", notice_pages.mark_read)
    app.router.add_get("/static/{name}", files.serve)
    return app


async def follow(app: web.Application) -> None:
    """Know whom we ask before the first visitor comes, since the registry may be away by then."""
    for peer in ("laptops", "ports", "recommendations", "accounts", "orders", "notifications"):
        app[discovery.MESH].view(peer)


async def keeping(app: web.Application) -> AsyncIterator[None]:
    """Have the database open while the shop is."""
    async with app[DATABASE]:
        yield


async def looking(app: web.Application) -> AsyncIterator[None]:
    """Tell of looks while the shop is open."""
    async with Looks(app[discovery.MESH]) as app[pages.LOOKS]:
        yield
