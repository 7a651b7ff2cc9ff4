"""What others tell, and what it means for what is recommended."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from services.kit.events.event import Event, Facts, Kind, on
from services.kit.web.schema import Id
from services.recommendations import bought


class LineFacts(Facts):
    """Something that was bought."""

    laptop: Id


class OrderFacts(Facts):
    """An order that its customer has paid."""

    customer: str
    lines: Sequence[LineFacts]


def remember_purchase(connection: Connection, event: Event[OrderFacts]) -> None:
    """Remember what goes with what."""
    bought.record(connection, event.data.customer, {line.laptop for line in event.data.lines}, event.time_s)


TAKES = (on(Kind("orders.order.confirmed", OrderFacts), remember_purchase),)
