"""What is said to this service, and what it says. Money is whole cents with their currency: it must not be rounded."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from discovery.web.validation import Schema
from services.kit.auth.token import Subject
from services.kit.web.route import PARTS
from services.kit.web.schema import Id, PageQuery, Record

Currency = Literal["EUR", "GBP", "USD"]

# Nobody pays more at once: ten million.
AMOUNT_MAX = 1_000_000_000
Amount = Annotated[int, Field(ge=1, le=AMOUNT_MAX)]

# A token of the tests, in the place of one that a card company gives: it says what that would answer. A number of a
# card is nothing for this service.
Card = Literal["ok", "declined", "insufficient-funds"]

State = Literal["charged", "declined"]

# ``cards`` is what card companies owe us, ``sales`` what we took in, ``refunds`` what we gave back of that.
Account = Literal["cards", "sales", "refunds"]

# As it may be in a path.
Key = Annotated[str, Field(pattern=PARTS["key"].schema["pattern"])]


class ChargeDraft(Schema):
    """What is to be charged, for which order of which customer."""

    order: Id
    customer: Subject
    amount_cents: Amount
    currency: Currency
    card: Card


class Charge(Schema):
    """What became of a charge, and how much of it was given back. ``made_s`` is in seconds since 1970."""

    key: str
    order: int
    customer: str
    amount_cents: int
    currency: Currency
    state: State
    refunded_cents: int
    made_s: float


class RefundDraft(Schema):
    """How much is to be given back. Who says a currency says that of the charge."""

    amount_cents: Amount
    currency: Currency | None = None


class Refund(Schema):
    """What was given back. ``made_s`` is in seconds since 1970."""

    key: str
    charge: str
    amount_cents: int
    currency: Currency
    made_s: float


class Balance(Schema):
    """What the entries of an account come to: debits less credits. All accounts of a currency come to zero."""

    account: Account
    currency: Currency
    debit_cents: int
    credit_cents: int
    balance_cents: int


class Entry(Record):
    """One side of a transaction: a debit, or, negative, a credit. ``refund`` is null in that of the charge itself."""

    transaction: int
    charge: str
    refund: str | None
    account: Account
    amount_cents: int
    currency: Currency
    made_s: float


class EntryQuery(PageQuery):
    """Which entries to list: all, or those of one charge and its refunds."""

    charge: Key | None = None
