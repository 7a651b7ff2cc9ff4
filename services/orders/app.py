"""The orders over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web
from sqlalchemy import Connection

import discovery
from discovery.web import Problem
from services.kit.application import application
from services.kit.service import Service, Settings
from services.kit.web.route import AROUND, DATABASE, Asked, Reply, Route
from services.orders import order_store
from services.orders.carrier import Carrier
from services.orders.events import CANCELLED, CONFIRMED, PLACED
from services.orders.model import Order, OrderDraft, OrderQuery
from services.orders.peers import MeshPeers

# For so long who is away is asked, before an order is given up.
PATIENCE_S = 600.0

# Whose orders they are where nobody is asked who he is.
_ANYBODY = "anybody"

# Nothing between keeps what is only for one.
_PRIVATE = {"Cache-Control": "no-store"}


def place(connection: Connection, asked: Asked[OrderDraft, None]) -> Reply:
    """Place an order. It is carried out from then on, whoever waits for it."""
    customer = asked.caller.subject if asked.caller else _ANYBODY
    order = order_store.place(connection, asked.body, customer, asked.now_s)
    return Reply(order, headers={"Location": f"/orders/{order.id}", **_PRIVATE})


async def read(asked: Asked[None, None]) -> Reply:
    """Read one of one's own orders; staff, any."""
    order = await asked.database.read(partial(order_store.find, id=asked.id, customer=_whose(asked)))
    if order is None:
        raise Problem(404, "there is no such order")
    return Reply(order, headers=_PRIVATE)


async def list_orders(asked: Asked[None, OrderQuery]) -> Reply:
    """List one's own orders, the newest first; staff, everybody's."""
    query = asked.query
    whose, most = _whose(asked), query.limit + 1
    work = partial(order_store.page, customer=whose, before=query.before, most=most, state=query.state)
    found = await asked.database.read(work)
    shown = found[: query.limit]
    if len(found) == len(shown):
        return Reply(shown, headers=_PRIVATE)
    following = asked.request.rel_url.update_query(before=shown[-1].id).raw_path_qs
    return Reply(shown, headers={"Link": f'<{following}>; rel="next"', **_PRIVATE})


def _whose(asked: Asked[Any, Any]) -> str | None:
    """Whose orders the caller sees; None: everybody's, which are also those of who is not asked who he is."""
    return None if asked.caller is None or "staff" in asked.caller.scopes else asked.caller.subject


ROUTES = (
    Route(*("POST", "/orders", place), body=OrderDraft, answers={202: Order}, scope="customer", idempotent=True),
    Route("GET", "/orders", list_orders, answers={200: list[Order]}, query=OrderQuery, scope="customer"),
    Route("GET", "/orders/{id}", read, answers={200: Order}, scope="customer"),
)
SERVICE = Service(
    "orders",
    port=5006,
    api="1.1.0",
    home=Path(__file__).parent,
    routes=ROUTES,
    sends=(PLACED, CONFIRMED, CANCELLED),
)


def patience_from(environ: Mapping[str, str]) -> float:
    """How long an order whose peers are away is not given up, in seconds: ``ORDERS_PATIENCE_S``, or ten minutes.

    Raises:
        ConfigError: when that is no number of seconds.
    """
    said = environ.get("ORDERS_PATIENCE_S", "").strip()
    if not said:
        return PATIENCE_S
    if not said.isascii() or not said.isdigit() or len(said) > 6:
        raise discovery.ConfigError(f"ORDERS_PATIENCE_S has to be a whole number of seconds: got {said!r:.40}")
    return float(said)


def build(
    settings: Settings, around: discovery.Surroundings | None = None, *, patience_s: float = PATIENCE_S
) -> web.Application:
    """The service, which carries out what it takes, and what other instances took."""

    async def carrying(app: web.Application) -> AsyncIterator[None]:
        peers = MeshPeers(app[discovery.MESH])
        for name in ("laptops", "payments"):
            app[discovery.MESH].view(name)
        carrier = Carrier(app[DATABASE], peers, app[AROUND], patience_s=patience_s)
        task = asyncio.create_task(carrier.forever())
        yield
        task.cancel()
        await asyncio.wait([task])

    app = application(SERVICE, settings, around)
    app.cleanup_ctx.append(carrying)
    return app
