"""What is asked of laptops and payments for each step: by the order's key, so that it may be asked again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from services.orders.saga import Deed, Step
from services.orders.saga_store import Saga

# The longest that laptops hold something. What is taken later is taken all the same while there is as much.
HELD_S = 3600


class Request(NamedTuple):
    """A request to a service, which has the whole of it in its address and its document."""

    method: str
    service: str
    path: str
    document: Mapping[str, Any] | None = None


def request_of(saga: Saga, step: Step) -> Request:
    """What is asked for *step*."""
    line = saga.lines[step.line]
    held, charge = f"/laptops/{line.laptop}/reservations/{saga.key}", f"/charges/{saga.key}"
    match step.deed:
        case Deed.RESERVE:
            price = {"price_cents": line.price_cents, "currency": saga.currency}
            return Request("PUT", "laptops", held, {"quantity": line.quantity, "seconds": HELD_S, **price})
        case Deed.CHARGE | Deed.SETTLE:
            amount = {"amount_cents": saga.total_cents, "currency": saga.currency}
            whose = {"order": saga.id, "customer": saga.customer, "card": saga.card}
            return Request("PUT", "payments", charge, {**whose, **amount})
        case Deed.TAKE:
            return Request("POST", "laptops", f"{held}/taken")
        case Deed.REFUND:
            return Request("PUT", "payments", f"{charge}/refunds/{saga.key}", {"amount_cents": saga.total_cents})
        case Deed.RELEASE:
            return Request("DELETE", "laptops", held)
        case Deed.GIVE_UP:
            raise ValueError("nobody is asked for that")
