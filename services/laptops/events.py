"""What the laptops tell others."""

from __future__ import annotations

from sqlalchemy import Connection

from services.kit.events import outbox
from services.kit.events.event import Facts, Kind
from services.laptops.model import Laptop


class LaptopDeleted(Facts):
    """Which one is gone."""

    id: int


LAPTOP_DELETED = Kind("laptops.laptop.deleted", LaptopDeleted)


def tell_deleted(connection: Connection, laptop: Laptop, now_s: float) -> None:
    """Tell that *laptop* is gone."""
    outbox.add(connection, LAPTOP_DELETED, f"laptops/{laptop.id}", LaptopDeleted(id=laptop.id), now_s=now_s)
