"""What others tell, and what it means for what is recommended."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from services.kit.events.event import Event, Facts, Kind, on
from services.kit.web.schema import Id
from services.recommendations import bought, laptops
from services.recommendations.model import Laptop


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


class LaptopFacts(Facts):
    """A laptop as it is now."""

    id: Id
    title: str
    model: str
    stock: int
    price_cents: int | None
    currency: str


class Deleted(Facts):
    """Which one is gone."""

    id: Id


def keep_laptop(connection: Connection, event: Event[LaptopFacts]) -> None:
    """Know it as it is now."""
    laptops.keep(connection, Laptop.model_validate(event.data.model_dump()), event.time_s)


def drop_laptop(connection: Connection, event: Event[Deleted]) -> None:
    """Recommend it no longer."""
    laptops.drop(connection, event.data.id, event.time_s)


TAKES = (
    on(Kind("laptops.laptop.added", LaptopFacts), keep_laptop),
    on(Kind("laptops.laptop.changed", LaptopFacts), keep_laptop),
    on(Kind("laptops.laptop.deleted", Deleted), drop_laptop),
    on(Kind("orders.order.confirmed", OrderFacts), remember_purchase),
)
