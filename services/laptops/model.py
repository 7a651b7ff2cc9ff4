"""What a laptop is, as far as the catalogue knows."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from discovery.web.validation import Digits, Schema
from services.kit.data.records import LARGEST
from services.kit.web.schema import Draft, Line, PageQuery, Record

# More of one laptop nobody has.
STOCK_MAX = 1_000_000

Cents = Annotated[int, Field(ge=1, le=100_000_000)]
Currency = Literal["EUR", "GBP", "USD"]
Form = Literal["clamshell", "convertible", "rugged"]
Inches = Annotated[int, Field(ge=5, le=30)]


class LaptopFacts(Schema):
    """``price_cents`` is in hundredths of ``currency``, whole, since money must not be rounded; None: no price yet.
    ``screen_inches`` is the class of its screen, as shops name it: 13 for 13.3"; None: not known.
    """

    title: Line
    model: Line
    stock: Annotated[int, Field(ge=0, le=STOCK_MAX)] = 0
    price_cents: Cents | None = None
    currency: Currency = "EUR"
    form: Form = "clamshell"
    screen_inches: Inches | None = None


class LaptopDraft(LaptopFacts, Draft):
    """A laptop as a caller sends it."""


class Laptop(LaptopFacts, Record):
    """A laptop as it is kept. ``reserved`` is how much of the stock is held for somebody."""

    reserved: int


class FittedLaptop(Laptop):
    """A laptop with its ports, as the ports service tells them; what is missing is told in ``notice``."""

    ports: list[dict[str, Any]] | None
    notice: str | None = None


# By price, the cheapest or the dearest first; the largest screen first; the newest first.
Sort = Literal["price", "-price", "-screen", "-id"]


def _flag(text: object) -> object:
    if text in {"true", "false"}:
        return text == "true"
    raise ValueError("must be true or false")


class LaptopQuery(PageQuery):
    """Which laptops to list.

    ``search`` is words, each a part of title or model; ``title`` a part of the title, upper or lower case; ``model``
    the whole model; ``in_stock`` leaves out those of which nobody can have one now. Prices are compared as numbers:
    who means a currency names it. What has no price, or no known screen, is within no bounds, and last in order.
    ``at`` goes with ``after`` where a list is sorted: what the last item seen has there, left out where it has none.
    """

    search: Line | None = None
    title: Line | None = None
    model: Line | None = None
    in_stock: Annotated[bool, BeforeValidator(_flag)] = False
    currency: Currency | None = None
    price_min_cents: Annotated[Cents, Digits] | None = None
    price_max_cents: Annotated[Cents, Digits] | None = None
    screen_min_inches: Annotated[Inches, Digits] | None = None
    screen_max_inches: Annotated[Inches, Digits] | None = None
    sort: Sort | None = None
    at: Annotated[int, Field(ge=0, le=LARGEST), Digits] | None = None
