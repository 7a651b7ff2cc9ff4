"""How an order reads: how far it is, and why it is not to be had. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from services.marketplace.orders import Order

How = Literal["done", "now", "next", "failed"]


class Step(NamedTuple):
    """A part of the way: what it is called, and how far it is."""

    called: str
    how: How


_STATES: Mapping[str, str] = {
    "placed": "under way",
    "confirmed": "confirmed",
    "cancelling": "being cancelled",
    "cancelled": "cancelled",
}
_STEPS: Mapping[str, Sequence[Step]] = {
    "placed": (Step("Placed", "done"), Step("Reserved and paid", "now"), Step("Confirmed", "next")),
    "confirmed": (Step("Placed", "done"), Step("Reserved and paid", "done"), Step("Confirmed", "done")),
    "cancelling": (Step("Placed", "done"), Step("Reserved and paid", "failed"), Step("Undone", "now")),
    "cancelled": (Step("Placed", "done"), Step("Reserved and paid", "failed"), Step("Undone", "done")),
}
_REASONS: Mapping[str, str] = {
    "sold out": "{what} was sold out before it could be reserved for you.",
    "price changed": "{what} costs something else by now.",
    "no longer offered": "{what} is no longer offered.",
    "declined": "Your card was declined.",
    "not accepted": "It could not be accepted like this.",
    "laptops away": "The stock could not be reached for too long.",
    "payments away": "The payments could not be reached for too long.",
}


def state(order: Order) -> str:
    """What it is, in a word or two."""
    return _STATES[order.state]


def steps(order: Order) -> Sequence[Step]:
    """How far it is."""
    return _STEPS[order.state]


def outcome(order: Order, titles: Mapping[int, str]) -> str:
    """What that means for whose order it is."""
    if order.state == "placed":
        return "It is being reserved and paid, which takes a moment."
    if order.state == "confirmed":
        return "It is paid and yours. Thank you."
    what = titles.get(order.laptop, f"Laptop {order.laptop}") if order.laptop else "One of the laptops"
    why = _REASONS.get(order.reason or "", "It could not be carried out.").format(what=what)
    paid = "You pay nothing." if order.state == "cancelled" else "What was paid is being given back."
    return f"{why} {paid}"


def day(at_s: float) -> str:
    """A day and a time; servers of a shop need not share a time zone, so pages say UTC."""
    return datetime.fromtimestamp(at_s, UTC).strftime("%-d %B %Y, %H:%M UTC")
