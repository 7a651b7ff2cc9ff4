"""What others are told of orders, in the transaction in which it happens."""

from __future__ import annotations

from collections.abc import Sequence

from services.kit.events.event import Facts, Kind
from services.orders.model import Currency, Line, Reason


class OrderFacts(Facts):
    """An order as it is from then on. ``reason`` is None unless it is cancelled."""

    id: int
    customer: str
    lines: Sequence[Line]
    currency: Currency
    total_cents: int
    reason: Reason | None = None


PLACED = Kind("orders.order.placed", OrderFacts)
CONFIRMED = Kind("orders.order.confirmed", OrderFacts)
CANCELLED = Kind("orders.order.cancelled", OrderFacts)


def subject(id: int) -> str:
    """What an event about this order is about."""
    return f"orders/{id}"
