"""From a basket to an order.

The form carries the whole of what its page showed, and a key that follows from the basket as it was: so two clicks, or
one more after no answer came, are one order, whatever has become of the basket since.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import StringConstraints

import discovery
from discovery.web import Problem
from discovery.web.validation import Schema
from services.kit.web.route import DATABASE
from services.marketplace import basket_store
from services.marketplace.basket import LINES_MAX, Basket
from services.marketplace.basket_pages import basket_of
from services.marketplace.forms import fields, see
from services.marketplace.orders import NotPlaced, Orders, Unknown
from services.marketplace.pages import RENDERER
from services.marketplace.peers import Away
from services.marketplace.visiting import VISITOR, LoggedOut, access_of, session_of

# For all that one order asks for, a new token included.
LIMIT_S = 1.9

_LINE = r"[1-9][0-9]{0,9}x[1-9][0-9]{0,2}@[1-9][0-9]{0,8}"
_UNHEARD = (
    "The orders did not answer, so we do not know whether they heard you. Order again in a moment: it will not be "
    "ordered twice."
)
_OUT_OF_REACH = (
    "The catalogue cannot be reached at the moment: these are the prices that you were told. Should one have changed, "
    "nothing is ordered."
)
_EARLIER = "This basket was ordered already, or is being ordered. Look at your orders before you go on."
_NOT_ACCEPTED = "The orders do not accept it like this. Go back to your basket, and try again from there."

Card = Literal["ok", "declined", "insufficient-funds"]


class OrderForm(Schema):
    """What the page showed, and the card that was chosen. ``seen_s`` is when the last of it was put in."""

    key: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    lines: Annotated[str, StringConstraints(pattern=rf"^{_LINE}(?: {_LINE}){{0,{LINES_MAX - 1}}}$")]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    seen_s: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,12}(?:\.[0-9]{1,9})?$")]
    card: Card = "ok"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be ordered: ``(laptop, quantity, price_cents)`` for each line."""

    key: str
    lines: Sequence[tuple[int, int, int]]
    currency: str
    seen_s: str

    @classmethod
    def of_basket(cls, basket: Basket, owner: str) -> Wanted:
        """All that is in *basket*, at the prices that it has now."""
        lines = [(each.line.laptop, each.line.quantity, each.price_cents) for each in basket.offered]
        # The same again is another order if it was put into the basket again.
        taken = [each.line.changed_s for each in basket.offered]
        key = sha256(repr((owner, lines, taken)).encode()).hexdigest()
        # All digits that it has: what was put in at that moment was seen.
        return cls(key, lines, basket.currencies[0], f"{max(taken):.9f}")

    @classmethod
    def of_form(cls, form: OrderForm) -> Wanted:
        """What the page showed."""
        lines = [_numbers(line) for line in form.lines.split(" ")]
        return cls(form.key, lines, form.currency, form.seen_s)

    @property
    def text(self) -> str:
        """The lines, as the form carries them."""
        return " ".join(f"{laptop}x{quantity}@{price}" for laptop, quantity, price in self.lines)

    @property
    def total_cents(self) -> int:
        """What they come to."""
        return sum(quantity * price for _, quantity, price in self.lines)

    def draft(self, card: Card) -> Mapping[str, Any]:
        """The order, as it is placed."""
        lines = [
            {"laptop": laptop, "quantity": quantity, "price_cents": price} for laptop, quantity, price in self.lines
        ]
        return {"lines": lines, "currency": self.currency, "card": card}


async def show(request: web.Request) -> web.StreamResponse:
    """``GET /checkout``."""
    session_of(request)
    basket = await basket_of(request)
    if not basket.offered or not basket.can_be_ordered:
        # Where it says why.
        return see("/basket")
    wanted = Wanted.of_basket(basket, request[VISITOR].owner)
    titles = {each.line.laptop: each.line.title for each in basket.offered}
    return _page(request, wanted, titles, card="ok", notice="" if basket.current else _OUT_OF_REACH)


async def order(request: web.Request) -> web.StreamResponse:
    """``POST /checkout``."""
    session_of(request)
    form = fields(request, OrderForm)
    wanted = Wanted.of_form(form)
    try:
        async with asyncio.timeout(LIMIT_S):
            orders = Orders(request.app[discovery.MESH], await access_of(request))
            placed = await orders.place(wanted.key, wanted.draft(form.card))
    except (Away, TimeoutError):
        return await _again(request, wanted, form.card, _UNHEARD)
    except Unknown:
        raise LoggedOut from None
    except NotPlaced as refused:
        return await _again(request, wanted, form.card, _EARLIER if refused.earlier else _NOT_ACCEPTED)
    laptops = [laptop for laptop, _, _ in wanted.lines]
    done = partial(basket_store.ordered, owner=request[VISITOR].owner, laptops=laptops, seen_s=float(wanted.seen_s))
    # The order is placed, and has to be seen. What stays in the basket leads to the same order again.
    with suppress(Problem):
        await request.app[DATABASE].write(done)
    return see(f"/orders/{placed}")


async def _again(request: web.Request, wanted: Wanted, card: Card, notice: str) -> web.Response:
    """The same page once more, whatever has become of the basket: the same key goes with the same order only."""
    lines = await request.app[DATABASE].read(partial(basket_store.lines, owner=request[VISITOR].owner))
    return _page(request, wanted, {line.laptop: line.title for line in lines}, card=card, notice=notice)


def _page(request: web.Request, wanted: Wanted, titles: Mapping[int, str], *, card: Card, notice: str) -> web.Response:
    return request.app[RENDERER].page(
        request, "checkout.html", whole=False, wanted=wanted, titles=titles, card=card, notice=notice
    )


def _numbers(line: str) -> tuple[int, int, int]:
    laptop, rest = line.split("x")
    quantity, price = rest.split("@")
    return int(laptop), int(quantity), int(price)
