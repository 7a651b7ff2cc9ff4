"""The laptops over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import web
from sqlalchemy import ColumnElement, or_

import discovery
from services.kit.data.records import Order, Records, Samples
from services.kit.service import Service
from services.kit.web.resource import Resource
from services.laptops import reserving
from services.laptops.events import LAPTOP_ADDED, LAPTOP_CHANGED, LAPTOP_DELETED, tell
from services.laptops.fitted import fitted
from services.laptops.model import FittedLaptop, Laptop, LaptopDraft, LaptopQuery
from services.laptops.table import LAPTOPS, sample


def where(query: LaptopQuery) -> list[ColumnElement[bool]]:
    """What *query* asks for."""
    title, model = LAPTOPS.c.title, LAPTOPS.c.model
    found: list[ColumnElement[bool]] = [
        or_(title.icontains(word, autoescape=True), model.icontains(word, autoescape=True))
        for word in (query.search or "").split()
    ]
    if query.title is not None:
        found.append(title.icontains(query.title, autoescape=True))
    if query.model is not None:
        found.append(model == query.model)
    if query.in_stock:
        found.append(LAPTOPS.c.stock > LAPTOPS.c.reserved)
    if query.currency is not None:
        found.append(LAPTOPS.c.currency == query.currency)
    for column, least, most in (
        (LAPTOPS.c.price_cents, query.price_min_cents, query.price_max_cents),
        (LAPTOPS.c.screen_inches, query.screen_min_inches, query.screen_max_inches),
    ):
        if least is not None:
            found.append(column >= least)
        if most is not None:
            found.append(column <= most)
    return found


def order(query: LaptopQuery) -> Order | None:
    """In which order *query* asks for it."""
    if query.sort is None:
        return None
    columns = {"price": LAPTOPS.c.price_cents, "screen": LAPTOPS.c.screen_inches, "id": LAPTOPS.c.id}
    return Order(columns[query.sort.removeprefix("-")], query.sort.startswith("-"), query.at)


async def follow_ports(app: web.Application) -> AsyncIterator[None]:
    """Know the ports service before the first reader needs it, since the registry may be away by then."""
    app[discovery.MESH].view("ports")
    yield


STORE = Records[LaptopDraft, Laptop](LAPTOPS, Laptop)
RESOURCE = Resource(
    path="/laptops",
    records=STORE,
    draft=LaptopDraft,
    query=LaptopQuery,
    where=where,
    order=order,
    shown=fitted,
    shows=FittedLaptop,
    told=tell,
)
SERVICE = Service(
    "laptops",
    port=5000,
    api="1.2.0",
    home=Path(__file__).parent,
    routes=(*RESOURCE.routes(), *reserving.ROUTES),
    samples=Samples(LAPTOPS, sample).add,
    while_running=(follow_ports, reserving.giving_back),
    sends=(LAPTOP_ADDED, LAPTOP_CHANGED, LAPTOP_DELETED),
)
