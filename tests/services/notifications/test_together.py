"""An order from the shop's till to the customer's notification, and a burst of what orders tell, over the mesh."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, update
from sqlalchemy.engine import URL

import discovery
from services.kit.data.database import Database, file_url
from services.kit.events import outbox
from services.kit.events.tables import CURSORS
from services.kit.service import Settings
from services.laptops.app import SERVICE as LAPTOPS
from services.notifications import store
from services.notifications.app import SERVICE
from services.orders.app import SERVICE as ORDERS
from services.orders.app import build as build_orders
from services.orders.events import CONFIRMED, OrderFacts, subject
from services.payments.app import SERVICE as PAYMENTS
from tests.postgresql.both import BOTH, place
from tests.services.notifications.telling import live, notifying
from tests.services.orders.test_orders import place as place_order
from tests.services.support import Client, build, enrolled, served

TAGS = ("takes-orders",)
LINES = [{"laptop": 3, "quantity": 2, "price_cents": 329_900}]
# A burst; `mesh chaos shop` has one that is larger.
MANY = 400


@pytest.fixture(params=BOTH)
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[URL, URL]:
    return place(request, tmp_path, "orders"), place(request, tmp_path, "notifications")


async def told(client: Client, count: int) -> list[dict[str, Any]]:
    """All that everybody was told, the newest first, as soon as it is so many."""
    async with asyncio.timeout(60):
        while True:
            found: list[dict[str, Any]] = (await client("GET", "/notifications?limit=100")).json
            if len(found) >= count:
                return found
            await asyncio.sleep(0.05)  # noqa: TID251 - real time of two services


@pytest.mark.parametrize(("card", "ends"), [("ok", "confirmed"), ("declined", "cancelled")])
async def test_a_customer_is_told_live_what_becomes_of_an_order(
    card: str, ends: str, tmp_path: Path, registry: discovery.StaticRegistry
) -> None:
    async with (
        served(build(LAPTOPS, file_url(tmp_path / "laptops.db")), "laptops", registry),
        served(build(PAYMENTS, file_url(tmp_path / "payments.db")), "payments", registry),
        notifying(file_url(tmp_path / "notifications.db"), registry, tags=TAGS) as notifications,
        served(build_orders(Settings(file_url(tmp_path / "orders.db"))), "orders", registry) as orders,
    ):
        await enrolled(registry, "laptops", "payments", "notifications")
        async with live(notifications) as stream:
            order = (await place_order(orders, order={"lines": LINES, "card": card})).json
            heard = [await stream(), await stream()]
        listed = await told(notifications, 2)

    assert heard == listed[::-1]
    assert [(each["about"], each["order"]) for each in listed] == [(ends, order["id"]), ("placed", order["id"])]
    assert "2 laptops for €6,598" in listed[1]["text"]


async def test_of_a_burst_nothing_is_lost_and_nothing_told_twice_and_orders_go_on_meanwhile(
    urls: tuple[URL, URL], registry: discovery.StaticRegistry
) -> None:
    now_s = discovery.Surroundings().clock.wall()

    def happen(connection: Connection) -> None:
        for order in range(1, MANY + 1):
            facts = OrderFacts(id=order, customer="ada", lines=[], currency="EUR", total_cents=order)
            outbox.add(connection, CONFIRMED, subject(order), facts, now_s=now_s)

    def rewind(connection: Connection) -> None:
        """As if it had been killed before it wrote down what was sent: nearly all of it is sent again."""
        connection.execute(update(CURSORS).values(reached=1))

    async with notifying(urls[1], registry, tags=TAGS):
        for again in (False, True):
            app = build_orders(Settings(urls[0]))
            async with served(app, "orders", registry) as orders, Database(urls[0], ORDERS.home) as behind:
                await behind.write(rewind if again else happen)
                placed = await place_order(orders, key=f"k{again}", order={"lines": LINES, "card": "ok"})
                assert placed.status == 202, "nobody waits for who is told"
                await told_order(urls[1], "placed", placed.json["id"])
        async with Database(urls[1], SERVICE.home) as database:
            found = await database.read(partial(store.since, customer=None, after=0, most=2 * MANY))

    assert [each.order for each in found if each.about == "confirmed"] == [*range(1, MANY + 1)]
    assert len([each for each in found if each.about == "placed"]) == 2


async def told_order(url: URL, about: str, order: int) -> None:
    """Wait until somebody was told that."""
    async with Database(url, SERVICE.home) as database, asyncio.timeout(60):
        while True:
            found = await database.read(partial(store.since, customer=None, after=0, most=3 * MANY))
            if (about, order) in {(each.about, each.order) for each in found}:
                return
            await asyncio.sleep(0.05)  # noqa: TID251 - real time of two services
