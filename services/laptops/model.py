"""What a laptop is, as far as the catalogue knows."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from discovery.web.validation import Schema
from services.kit.paging import PageQuery
from services.kit.schema import Draft, Line, Record


class LaptopFacts(Schema):
    """``price_cents`` is in hundredths of ``currency``, whole, since money must not be rounded; None: no price yet."""

    title: Line
    model: Line
    stock: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    price_cents: Annotated[int, Field(ge=1, le=100_000_000)] | None = None
    currency: Literal["EUR", "GBP", "USD"] = "EUR"


class LaptopDraft(LaptopFacts, Draft):
    """A laptop as a caller sends it."""


class Laptop(LaptopFacts, Record):
    """A laptop as it is kept. Its ports are kept elsewhere."""


class LaptopQuery(PageQuery):
    """Which laptops to list: ``title`` is a part of the title, upper or lower case; ``model`` the whole model."""

    title: Line | None = None
    model: Line | None = None
