"""What a customer is told, in the words of a shop. Pure.

Whoever reads it wants to know three things: what became of the order, whether he pays for it, and what to do now.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from services.notifications.model import About


class Told(NamedTuple):
    """Of an order: its number, how many laptops for how much, and why it was cancelled, if it was."""

    order: int
    pieces: int
    total_cents: int
    currency: str
    reason: str | None = None


class Words(NamedTuple):
    """A line that says it all, and what there is to add."""

    title: str
    text: str


_SYMBOLS: Mapping[str, str] = MappingProxyType({"EUR": "€", "GBP": "£", "USD": "$"})

# What the orders service calls it, and what it means to who ordered.
_WHY: Mapping[str, str] = MappingProxyType(
    {
        "sold out": "Somebody else was faster: there were not enough left of one of your laptops.",
        "price changed": "A price changed while you were ordering. Have a look at it, and order again if you like it.",
        "no longer offered": "We do not sell one of your laptops any more.",
        "declined": "Your card was declined. Please order again with another one.",
        "not accepted": "We could not take the order as it was. Please try again, perhaps with another card.",
        "laptops away": "Our warehouse did not answer for too long. That was our fault: please order again.",
        "payments away": "We could not take your payment for too long. That was our fault: please order again.",
    }
)
_SOMETHING = "Something went wrong on our side. Please order again."
_FREE = "You pay nothing for this order."


def words(about: About, told: Told) -> Words:
    """What to say."""
    order, goods = f"order {told.order}", f"{_laptops(told.pieces)} for {money(told.total_cents, told.currency)}"
    match about:
        case "placed":
            return Words(
                f"We have your {order}", f"{goods}. We will tell you as soon as everything is set aside and paid."
            )
        case "confirmed":
            return Words(f"Your {order} is confirmed", f"{goods}: paid, and set aside for you. Thank you!")
        case "cancelled":
            why = _SOMETHING if told.reason is None else _WHY.get(told.reason, _SOMETHING)
            return Words(f"Your {order} is cancelled", f"{why} {_FREE}")


def money(cents: int, currency: str) -> str:
    """``€1,199``, and ``€1,199.50`` where there are hundredths."""
    whole, rest = divmod(cents, 100)
    amount = f"{whole:,}.{rest:02}" if rest else f"{whole:,}"
    symbol = _SYMBOLS.get(currency)
    return f"{symbol}{amount}" if symbol else f"{currency} {amount}"


def _laptops(pieces: int) -> str:
    return "1 laptop" if pieces == 1 else f"{pieces} laptops"
