"""Orders while a real broker is away."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import Connection, select
from yarl import URL

import discovery
from benchmarks.chaos.rabbitmq import Broker
from services.kit.application import application
from services.kit.data.database import Database, file_url
from services.kit.events.event import Event, Facts, Kind, on, read
from services.kit.events.tables import OUTBOX
from services.kit.service import Service, Settings
from services.kit.web.route import DATABASE
from services.laptops.app import SERVICE as LAPTOPS
from services.orders.app import build as build_orders
from services.payments.app import SERVICE as PAYMENTS
from tests.services.kit.data.things import add, home
from tests.services.kit.events.happenings import EVENTS, names
from tests.services.orders.test_orders import place, until_over
from tests.services.support import build, enrolled, served

ORDER = {"lines": [{"laptop": 1, "quantity": 1, "price_cents": 119_900}], "card": "ok"}


class Told(Facts):
    id: int


def note(connection: Connection, event: Event[Told]) -> None:
    """Each may be told once: the second time, its name is taken."""
    add(f"{event.kind} {event.data.id}", connection)


def happened(connection: Connection) -> Sequence[str]:
    """What orders have to tell, in order."""
    bodies = connection.execute(select(OUTBOX.c.body).order_by(OUTBOX.c.id)).scalars()
    return [f"{event.kind} {event.data['id']}" for event in map(read, map(str.encode, bodies))]


async def heard(database: Database, wanted: Sequence[str]) -> None:
    """Wait until all of that was heard, in that order."""
    async with asyncio.timeout(120):
        while (found := await database.read(names)) != wanted:
            assert found == wanted[: len(found)]
            await asyncio.sleep(0.05)  # noqa: TID251 - real time of the broker


@pytest.mark.rabbitmq
@pytest.mark.timeout(300)  # a broker starts three times, on a machine that has other things to do
async def test_orders_go_on_while_the_broker_is_away_and_all_is_told_once_when_it_is_back(
    own_broker: Broker, tmp_path: Path, registry: discovery.StaticRegistry
) -> None:
    broker = URL(own_broker.url)
    takes = [on(Kind(f"orders.order.{what}", Told), note) for what in ("placed", "confirmed")]
    service = Service("notes", port=0, api="1", routes=(), home=home(tmp_path / "notes", EVENTS), takes=takes)
    listener = application(service, Settings(file_url(tmp_path / "notes.db"), broker=broker))
    selling = build_orders(Settings(file_url(tmp_path / "orders.db"), broker=broker))
    async with (
        served(build(LAPTOPS, file_url(tmp_path / "laptops.db")), "laptops", registry),
        served(build(PAYMENTS, file_url(tmp_path / "payments.db")), "payments", registry),
        served(listener, "notes", registry, tags=("takes-orders",)),
        served(selling, "orders", registry) as orders,
    ):
        await enrolled(registry, "laptops", "payments")

        async def buy(key: str) -> None:
            placed = await place(orders, key=key, order=ORDER)
            assert (await until_over(orders, placed.json["id"]))["state"] == "confirmed"

        await buy("before")
        await heard(listener[DATABASE], await selling[DATABASE].read(happened))
        # The plug is pulled later: what was made just before that, a broker may forget.
        for end in (own_broker.stop, own_broker.kill):
            await asyncio.to_thread(end)
            for number in range(3):
                await buy(f"{end.__name__}-{number}")
            await asyncio.to_thread(own_broker.start)
            await buy(f"{end.__name__}-after")
            await heard(listener[DATABASE], await selling[DATABASE].read(happened))
        assert len(await listener[DATABASE].read(names)) == 2 * 9
