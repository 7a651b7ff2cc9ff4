"""What a laptop is, as far as the catalogue knows."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from discovery.web.validation import Schema
from services.kit.web.schema import Draft, Line, PageQuery, Record

# More of one laptop nobody has.
STOCK_MAX = 1_000_000

Cents = Annotated[int, Field(ge=1, le=100_000_000)]
Currency = Literal["EUR", "GBP", "USD"]


class LaptopFacts(Schema):
    """``price_cents`` is in hundredths of ``currency``, whole, since money must not be rounded; None: no price yet."""

    title: Line
    model: Line
    stock: Annotated[int, Field(ge=0, le=STOCK_MAX)] = 0
    price_cents: Cents | None = None
    currency: Currency = "EUR"


class LaptopDraft(LaptopFacts, Draft):
    """A laptop as a caller sends it."""


class Laptop(LaptopFacts, Record):
    """A laptop as it is kept. ``reserved`` is how much of the stock is held for somebody."""

    reserved: int


class FittedLaptop(Laptop):
    """A laptop with its ports, as the ports service tells them; what is missing is told in ``notice``."""

    ports: list[dict[str, Any]] | None
    notice: str | None = None


def _flag(text: object) -> object:
    if text in {"true", "false"}:
        return text == "true"
    raise ValueError("must be true or false")


class LaptopQuery(PageQuery):
    """Which laptops to list.

    ``search`` is words, each a part of title or model; ``title`` a part of the title, upper or lower case; ``model``
    the whole model; ``in_stock`` leaves out those of which nobody can have one now.
    """

    search: Line | None = None
    title: Line | None = None
    model: Line | None = None
    in_stock: Annotated[bool, BeforeValidator(_flag)] = False
