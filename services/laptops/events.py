"""What the laptops tell others, each time in the transaction in which it happens."""

from __future__ import annotations

from sqlalchemy import Connection

from services.kit.events import outbox
from services.kit.events.event import Facts, Kind
from services.kit.web.resource import Change
from services.laptops.model import Currency, Form, Laptop


class LaptopNow(Facts):
    """A laptop as it is from then on. How much of it is held for somebody changes all the time, and is not told."""

    id: int
    title: str
    model: str
    stock: int
    price_cents: int | None
    currency: Currency
    form: Form
    screen_inches: int | None


class LaptopDeleted(Facts):
    """Which one is gone."""

    id: int


LAPTOP_ADDED = Kind("laptops.laptop.added", LaptopNow)
LAPTOP_CHANGED = Kind("laptops.laptop.changed", LaptopNow)
LAPTOP_DELETED = Kind("laptops.laptop.deleted", LaptopDeleted)


def tell(connection: Connection, change: Change, laptop: Laptop, now_s: float) -> None:
    """Tell what became of *laptop*."""
    subject = f"laptops/{laptop.id}"
    if change == "deleted":
        outbox.add(connection, LAPTOP_DELETED, subject, LaptopDeleted(id=laptop.id), now_s=now_s)
    else:
        kind = LAPTOP_ADDED if change == "added" else LAPTOP_CHANGED
        now = LaptopNow.model_validate(laptop.model_dump(include=set(LaptopNow.model_fields)))
        outbox.add(connection, kind, subject, now, now_s=now_s)
