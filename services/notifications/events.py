"""What orders tell, as far as a customer wants to know it: each event becomes a notification."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated, get_args

from pydantic import Field
from sqlalchemy import Connection

from services.kit.data.records import LARGEST
from services.kit.events.event import Event, Facts, Kind, on
from services.notifications import store
from services.notifications.model import About
from services.notifications.wording import Told, words


class LineFacts(Facts):
    """How many of something."""

    quantity: int


class OrderFacts(Facts):
    """An order. ``reason`` is any text: another word for why is no reason to tell a customer nothing."""

    id: Annotated[int, Field(ge=1, le=LARGEST)]
    customer: str
    lines: Sequence[LineFacts]
    currency: str
    total_cents: int
    reason: str | None = None


def notify(connection: Connection, event: Event[OrderFacts], about: About) -> None:
    """Keep what the customer is told."""
    order = event.data
    told = Told(order.id, sum(line.quantity for line in order.lines), order.total_cents, order.currency, order.reason)
    store.add(connection, order.customer, order.id, about, words(about, told), event.time_s)


TAKES = tuple(on(Kind(f"orders.order.{about}", OrderFacts), partial(notify, about=about)) for about in get_args(About))
