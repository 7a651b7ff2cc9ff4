"""What the ports do when something happens elsewhere."""

from __future__ import annotations

from sqlalchemy import Connection, delete

from services.kit.events.event import Event, Facts, Kind, on
from services.ports.table import PORTS


class LaptopDeleted(Facts):
    """Which laptop is gone."""

    id: int


def delete_ports(connection: Connection, event: Event[LaptopDeleted]) -> None:
    """A laptop's ports go with it."""
    connection.execute(delete(PORTS).where(PORTS.c.laptop == event.data.id))


TAKES = (on(Kind("laptops.laptop.deleted", LaptopDeleted), delete_ports),)
