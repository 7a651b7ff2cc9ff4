"""What an order is, as it is sent and as it is shown. Money is whole cents: it must not be rounded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from discovery.web.validation import Digits, Schema
from services.kit.data.records import LARGEST
from services.kit.web.schema import Id, Record

Currency = Literal["EUR", "GBP", "USD"]
State = Literal["placed", "confirmed", "cancelling", "cancelled"]
Reason = Literal[
    "sold out", "price changed", "no longer offered", "declined", "not accepted", "laptops away", "payments away"
]

LINES_MAX = 20
# What payments takes at once.
TOTAL_MAX = 1_000_000_000


class Line(Schema):
    """How many of which laptop, and what the customer was told that one costs, in cents."""

    laptop: Id
    quantity: Annotated[int, Field(ge=1, le=100)]
    price_cents: Annotated[int, Field(ge=1, le=100_000_000)]


def total(lines: Sequence[Line]) -> int:
    """What the lines come to, in cents."""
    return sum(line.quantity * line.price_cents for line in lines)


class OrderDraft(Schema):
    """An order as a customer sends it. ``card`` is a token that payments knows, never a number of a card."""

    lines: Annotated[list[Line], Field(min_length=1, max_length=LINES_MAX)]
    currency: Currency = "EUR"
    card: Annotated[str, StringConstraints(pattern=r"^[a-z-]{1,64}$")]

    @model_validator(mode="after")
    def _together(self) -> Self:
        if len({line.laptop for line in self.lines}) < len(self.lines):
            raise ValueError("must name each laptop in one line")
        if total(self.lines) > TOTAL_MAX:
            raise ValueError(f"must come to at most {TOTAL_MAX} cents")
        return self


class Order(Record):
    """An order as it is shown. ``placed_s`` is in seconds since 1970.

    One that is ``cancelling`` will not be had, and what was reserved or paid is being given back; when that is done it
    is ``cancelled``. ``reason`` says why, and ``laptop`` which one it is about, if it is about one.
    """

    customer: str
    state: State
    reason: Reason | None
    laptop: int | None
    lines: list[Line]
    currency: Currency
    total_cents: int
    placed_s: float


class OrderQuery(Schema):
    """Which orders to list, the newest first: ``before`` is the id of the last one that was seen, ``state`` the one
    that they are in now.
    """

    limit: Annotated[int, Field(ge=1, le=100), Digits] = 50
    before: Annotated[int, Field(ge=1, lt=10**18), Digits] = LARGEST
    state: State | None = None
