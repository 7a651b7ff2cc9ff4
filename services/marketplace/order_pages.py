"""One's orders: all of them, and what becomes of one while it is looked at."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, Mapping
from typing import Annotated, Any

from aiohttp import web
from pydantic import ConfigDict, Field
from sqlalchemy import Connection

import discovery
from discovery.web import Problem
from discovery.web.validation import Digits, Schema, read_query
from services.kit.web.route import AROUND, DATABASE
from services.marketplace import basket_store
from services.marketplace.basket import Line
from services.marketplace.basket_pages import FULL
from services.marketplace.forms import Nothing, fields, see
from services.marketplace.live import live, part
from services.marketplace.orders import Order, Orders, Unknown
from services.marketplace.pages import RENDERER
from services.marketplace.peers import Away
from services.marketplace.titles import titles_of
from services.marketplace.visiting import VISITOR, LoggedOut, access_of, session_of

# For what a page of orders cannot do without; their titles come afterwards, or not.
LIMIT_S = 1.2
# How often an order is looked at that somebody watches: at first it moves.
_EVERY_S, _LATER_S, _AT_FIRST = 0.4, 2.0, 40
# One that takes longer is held up by somebody.
_SLOW_S = 5.0


class OrdersQuery(Schema):
    """``before`` is the id of the last order that was seen."""

    model_config = ConfigDict(extra="ignore")

    before: Annotated[int, Field(ge=1, lt=10**18), Digits] | None = None


async def show_all(request: web.Request) -> web.StreamResponse:
    """``GET /orders?before=``."""
    session_of(request)
    before = read_query(request, OrdersQuery).before
    try:
        async with asyncio.timeout(LIMIT_S):
            found = await (await _orders(request)).page(before)
    except (Away, TimeoutError):
        return _away(request, "/orders")
    except Unknown:
        raise LoggedOut from None
    titles = await titles_of(request, (line.laptop for order in found.orders for line in order.lines))
    return request.app[RENDERER].page(request, "orders.html", whole=False, found=found, titles=titles, before=before)


async def show(request: web.Request) -> web.StreamResponse:
    """``GET /orders/{id}``."""
    session_of(request)
    try:
        order = await _order(request)
    except Away:
        return _away(request, request.path)
    facts = _facts(request, order, await titles_of(request, (line.laptop for line in order.lines)))
    return request.app[RENDERER].page(request, "order.html", whole=False, **facts)


async def follow(request: web.Request) -> web.StreamResponse:
    """``GET /orders/{id}/live``: its progress, as a part of the page, each time that there is something new."""
    return await live(request, _progress(request))


async def again(request: web.Request) -> web.StreamResponse:
    """``POST /orders/{id}/again``: what was ordered, into the basket: all of it, or nothing."""
    fields(request, Nothing)
    session_of(request)
    try:
        order = await _order(request)
    except Away:
        return _away(request, f"/orders/{request.match_info['id']}")
    titles = await titles_of(request, (line.laptop for line in order.lines))
    now_s = request.app[AROUND].clock.wall()
    owner = request[VISITOR].owner

    def work(connection: Connection) -> None:
        for line in order.lines:
            title = titles.get(line.laptop, f"Laptop {line.laptop}")
            put = Line(line.laptop, line.quantity, title, line.price_cents, order.currency, now_s)
            if not basket_store.add(connection, owner, put):
                raise Problem(409, FULL)

    await request.app[DATABASE].write(work)
    return see("/basket")


async def _progress(request: web.Request) -> AsyncGenerator[bytes, None]:
    clock, shown = request.app[AROUND].clock, ""
    titles: Mapping[int, str] = {}
    for looked in itertools.count():
        try:
            order = await _order(request)
        except Away:
            order = None
        except (LoggedOut, Problem):
            # The page itself says why.
            yield part("gone", "")
            return
        if order is not None:
            titles = titles or await titles_of(request, (line.laptop for line in order.lines))
            text = request.app[RENDERER].part("progress.html", **_facts(request, order, titles))
            if text != shown:
                shown = text
                yield part("progress", text)
            if order.is_over:
                yield part("over", "")
                return
        await clock.sleep(_EVERY_S if looked < _AT_FIRST else _LATER_S)
        yield b""


def _facts(request: web.Request, order: Order, titles: Mapping[int, str]) -> dict[str, Any]:
    waited_s = request.app[AROUND].clock.wall() - order.placed_s
    return {"order": order, "titles": titles, "slow": not order.is_over and waited_s > _SLOW_S}


async def _order(request: web.Request) -> Order:
    try:
        async with asyncio.timeout(LIMIT_S):
            return await (await _orders(request)).one(int(request.match_info["id"]))
    except TimeoutError as error:
        raise Away("it took too long") from error
    except Unknown:
        raise LoggedOut from None


async def _orders(request: web.Request) -> Orders:
    return Orders(request.app[discovery.MESH], await access_of(request))


def _away(request: web.Request, retry: str) -> web.Response:
    return request.app[RENDERER].page(request, "orders-away.html", whole=False, retry=retry)
