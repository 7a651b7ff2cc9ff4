"""The basket: what is in it and what that costs now, more of it, less of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Annotated

from aiohttp import web
from pydantic import Field, StringConstraints, model_validator

import discovery
from discovery.web import Problem
from discovery.web.validation import Digits, Schema
from services.kit.web.route import AROUND, DATABASE
from services.marketplace import basket_store
from services.marketplace.basket import LINES_MAX, QUANTITY_MAX, Basket, Line, Offered
from services.marketplace.forms import fields, see
from services.marketplace.goods import Text
from services.marketplace.pages import CATALOGUE, RENDERER
from services.marketplace.peers import Away
from services.marketplace.visiting import VISITOR

FULL = f"There are {LINES_MAX} different laptops in your basket, and an order has no more. Take one out first."

Quantity = Annotated[int, Field(ge=1, le=QUANTITY_MAX), Digits]


class Taken(Schema):
    """A laptop as its page showed it: nobody but who takes it is told these again."""

    laptop: Annotated[int, Field(ge=1, le=basket_store.LAPTOP_MAX), Digits]
    quantity: Quantity = 1
    title: Text
    price_cents: Annotated[int, Field(ge=1, le=100_000_000), Digits]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class Changed(Schema):
    """How many there are to be; ``remove`` is the button for none, whatever was typed."""

    quantity: Annotated[int, Field(ge=0, le=QUANTITY_MAX), Digits]
    remove: str = ""

    @model_validator(mode="before")
    @classmethod
    def _none(cls, said: dict[str, str]) -> dict[str, str]:
        return {**said, "quantity": "0"} if said.get("remove") else said


async def show(request: web.Request) -> web.StreamResponse:
    """``GET /basket``."""
    return request.app[RENDERER].page(request, "basket.html", whole=False, basket=await basket_of(request))


async def take(request: web.Request) -> web.StreamResponse:
    """``POST /basket``: one more laptop."""
    taken = fields(request, Taken)
    line = Line(**taken.model_dump(), changed_s=request.app[AROUND].clock.wall())
    add = partial(basket_store.add, owner=request[VISITOR].owner, line=line)
    if not await request.app[DATABASE].write(add):
        raise Problem(409, FULL)
    return see("/basket")


async def change(request: web.Request) -> web.StreamResponse:
    """``POST /basket/{id}``: more, fewer or none of one that is in it."""
    changed = fields(request, Changed)
    work = partial(
        basket_store.change,
        owner=request[VISITOR].owner,
        laptop=min(int(request.match_info["id"]), basket_store.LAPTOP_MAX),
        quantity=changed.quantity,
        now_s=request.app[AROUND].clock.wall(),
    )
    await request.app[DATABASE].write(work)
    return see("/basket")


async def basket_of(request: web.Request) -> Basket:
    """What is in the basket, and what the catalogue says of it now."""
    lines: Sequence[Line] = await request.app[DATABASE].read(partial(basket_store.lines, owner=request[VISITOR].owner))
    return Basket(await asyncio.gather(*(_offered(request, line) for line in lines)))


async def _offered(request: web.Request, line: Line) -> Offered:
    try:
        known = await request.app[CATALOGUE].laptop(request.app[discovery.MESH], line.laptop)
    except Away:
        return Offered(line, None, current=False)
    except Problem:
        return Offered(line, None, current=True)
    return Offered(line, known.value, known.current)
