"""The pages for staff: what is in stock, which they change, and what was ordered."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import AfterValidator, ConfigDict, StringConstraints
from yarl import URL

import discovery
from discovery.web import Problem
from discovery.web.validation import Schema, WholeNumber, read_query
from services.marketplace.forms import fields, see
from services.marketplace.orders import Orders, Unknown
from services.marketplace.pages import RENDERER
from services.marketplace.peers import Away
from services.marketplace.stock import Seen, Stale, Stock
from services.marketplace.titles import titles_of
from services.marketplace.visiting import access_of, session_of
from services.marketplace.wanted import printable

# For all that a page asks for, a new token included; of what was ordered, the laptops' titles come afterwards, or not.
LIMIT_S, ORDERS_S = 1.9, 1.3
STATES = ("placed", "confirmed", "cancelling", "cancelled")
_STOCK_MAX = 1_000_000
_PRICE = re.compile(r"([0-9]{1,6})(?:[.,]([0-9]{2}))?")

_WRONG_STOCK = f"A whole number from 0 to {_STOCK_MAX:,}."
_WRONG_PRICE = "An amount like 1199 or 1199.50, or nothing while there is no price."
_UNHEARD = "The laptops did not answer in time, so it is not known whether this was saved. Open the page again to see."
_LAPTOPS_AWAY = "The laptops cannot be reached at the moment. Nothing was changed."
_ORDERS_AWAY = "The orders cannot be reached at the moment."
_ACCOUNTS_AWAY = "The accounts cannot be reached at the moment, so nobody can tell who you are. Try again in a moment."


class StockQuery(Schema):
    """``q`` is words, each a part of title or model; ``after`` the id after which a page begins."""

    model_config = ConfigDict(extra="ignore")

    q: Annotated[str, StringConstraints(strip_whitespace=True, max_length=120), AfterValidator(printable)] = ""
    after: WholeNumber = 0


class LaptopQuery(Schema):
    """``saved``: what is shown was just saved."""

    model_config = ConfigDict(extra="ignore")

    saved: Literal["", "1"] = ""


class Change(Schema):
    """What a form says of a laptop, as it was typed; ``version`` is the one that was seen."""

    version: Annotated[str, StringConstraints(max_length=100, pattern=r'^"[!#-~]+"$')]
    stock: Annotated[str, StringConstraints(strip_whitespace=True, max_length=50)]
    price: Annotated[str, StringConstraints(strip_whitespace=True, max_length=50)]


class OrdersQuery(Schema):
    """``state``: those in that state; ``before``: the id before which a page begins."""

    model_config = ConfigDict(extra="ignore")

    state: Literal["", "placed", "confirmed", "cancelling", "cancelled"] = ""
    before: WholeNumber = 0


async def show_desk(request: web.Request) -> web.Response:
    """``GET /staff``."""
    return see("/staff/orders")


async def show_stock(request: web.Request) -> web.Response:
    """``GET /staff/stock?q=&after=``."""
    _only_staff(request)
    query = read_query(request, StockQuery)
    try:
        laptops, following = await Stock(request.app[discovery.MESH]).page(query.q, query.after)
    except Away:
        return _page(request, "staff/away.html", said=_LAPTOPS_AWAY, retry=request.path_qs)
    asked = {"q": query.q} if query.q else {}
    return _page(
        request,
        "staff/stock.html",
        q=query.q,
        laptops=laptops,
        beginning=_url(request, asked) if query.after else "",
        next=_url(request, {**asked, "after": str(following)}) if following else "",
    )


async def show_laptop(request: web.Request) -> web.Response:
    """``GET /staff/stock/{id}``."""
    _only_staff(request)
    saved = bool(read_query(request, LaptopQuery).saved)
    try:
        seen = await Stock(request.app[discovery.MESH]).see(_id(request))
    except Away:
        return _page(request, "staff/away.html", said=_LAPTOPS_AWAY, retry=request.path)
    return _form(request, seen, saved=saved)


async def change_laptop(request: web.Request) -> web.StreamResponse:
    """``POST /staff/stock/{id}``."""
    _only_staff(request)
    change, stock = fields(request, Change), Stock(request.app[discovery.MESH])
    said = _LAPTOPS_AWAY
    try:
        async with asyncio.timeout(LIMIT_S):
            if wrong := _wrong(change):
                return _form(request, await stock.see(_id(request)), typed=change, wrong=wrong)
            said = _ACCOUNTS_AWAY
            token = await access_of(request)
            said = _UNHEARD
            values = {"stock": int(change.stock), "price_cents": _cents(change.price)}
            await stock.change(_id(request), change.version, values, token)
    except Stale as stale:
        return _form(request, stale.now, typed=change, stale=True)
    except (Away, TimeoutError):
        return _page(request, "staff/away.html", said=said, retry=request.path)
    return see(f"{request.path}?saved=1")


async def show_orders(request: web.Request) -> web.Response:
    """``GET /staff/orders?state=&before=``."""
    _only_staff(request)
    query = read_query(request, OrdersQuery)
    said = _ACCOUNTS_AWAY
    try:
        async with asyncio.timeout(ORDERS_S):
            token = await access_of(request)
            said = _ORDERS_AWAY
            found = await Orders(request.app[discovery.MESH], token).sales(query.before or None, query.state or None)
    except (Away, TimeoutError):
        return _page(request, "staff/away.html", said=said, retry=request.path_qs)
    except Unknown:
        raise Problem(403, "You may not see this. Log in again, with an account of the staff.") from None
    asked = {"state": query.state} if query.state else {}
    return _page(
        request,
        "staff/orders.html",
        state=query.state,
        states=STATES,
        orders=found.orders,
        titles=await titles_of(request, (line.laptop for order in found.orders for line in order.lines)),
        beginning=_url(request, asked) if query.before else "",
        next=_url(request, {**asked, "before": str(found.before)}) if found.before else "",
    )


def _only_staff(request: web.Request) -> None:
    """Go on for staff, and for nobody else.

    Raises:
        LoggedOut: when nobody is logged in.
        Problem: 403, when he is no member of staff.
    """
    if not session_of(request).staff:
        raise Problem(403, "This page is for the staff of the shop.")


def _id(request: web.Request) -> int:
    return int(request.match_info["id"])


def _wrong(change: Change) -> Mapping[str, str]:
    """What is wrong with what was typed, by field."""
    count = change.stock
    sound = {
        _WRONG_STOCK: count.isascii() and count.isdigit() and len(count) <= 7 and int(count) <= _STOCK_MAX,
        _WRONG_PRICE: not change.price or bool(_PRICE.fullmatch(change.price) and _cents(change.price)),
    }
    return {name: said for (said, right), name in zip(sound.items(), ("stock", "price"), strict=True) if not right}


def _cents(price: str) -> int | None:
    """*price* in hundredths; None: there is none."""
    found = _PRICE.fullmatch(price)
    return int(found[1]) * 100 + int(found[2] or 0) if found else None


def _form(
    request: web.Request,
    seen: Seen,
    *,
    typed: Change | None = None,
    wrong: Mapping[str, str] = MappingProxyType({}),
    stale: bool = False,
    saved: bool = False,
) -> web.Response:
    cents = seen.laptop.price_cents
    price = "" if cents is None else f"{cents // 100}.{cents % 100:02}"
    return _page(
        request,
        "staff/laptop.html",
        seen=seen,
        stock=typed.stock if typed else seen.laptop.stock,
        price=typed.price if typed else price,
        wrong=wrong,
        stale=stale,
        saved=saved,
    )


def _page(request: web.Request, template: str, **facts: Any) -> web.Response:
    desk = request.path.split("/")[2]
    return request.app[RENDERER].page(request, template, whole=False, desk=desk, **facts)


def _url(request: web.Request, asked: Mapping[str, str]) -> str:
    return str(URL(request.path).with_query(asked))
