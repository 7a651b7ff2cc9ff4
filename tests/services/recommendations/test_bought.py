"""What goes with what, as orders tell it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine
from sqlalchemy.engine import URL

import discovery
from services.kit.events.event import MEDIA_TYPE
from services.recommendations.bought import lately, record
from services.recommendations.table import BOUGHT
from tests.services.recommendations.laptops import Laptops, known
from tests.services.support import build_recommendations as build
from tests.services.support import enrolled, served


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        BOUGHT.create(connection)
        yield connection
    engine.dispose()


def confirmed(order: int, customer: str, *laptops: int) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"e{order}",
        "source": "orders",
        "type": "orders.order.confirmed",
        "subject": f"orders/{order}",
        "time": "2023-11-14T22:13:20Z",
        "data": {"id": order, "customer": customer, "lines": [{"laptop": each, "quantity": 1} for each in laptops]},
    }


async def test_what_is_bought_together_is_recommended_by_those_words_and_each_order_counts_once(
    url: URL, registry: discovery.StaticRegistry
) -> None:
    async with served(Laptops("A1", "B1", "C1").app(), "laptops", registry):
        await enrolled(registry, "laptops")
        async with served(build(url), "recommendations", registry) as client:
            await known(client)

            async def why(laptop: int) -> list[dict[str, str]]:
                found = (await client("GET", "/recommendations/1")).json["recommendations"]
                (reasons,) = (each["reasons"] for each in found if each["laptop"]["id"] == laptop)
                return list(reasons)

            for event in (confirmed(1, "7", 1, 3), confirmed(1, "7", 1, 3), confirmed(2, "8", 3)):
                said = json.dumps(event)
                answer = await client("POST", "/events", data=said, headers={"Content-Type": MEDIA_TYPE})
                assert answer.status == 204
            assert "bought" not in {each["kind"] for each in await why(3)}, "what a single person did is not told"
            # In an order of its own, which is as good.
            said = json.dumps(confirmed(3, "8", 1))
            await client("POST", "/events", data=said, headers={"Content-Type": MEDIA_TYPE})
            assert (await why(3))[0] == {"kind": "bought", "text": "Customers who bought Laptop 1 bought this, too"}


def test_beyond_what_is_kept_the_oldest_are_forgotten_and_nothing_moves_back(connection: Connection) -> None:
    record(connection, "a", (1, 2), 5.0)
    record(connection, "a", (1,), 1.0)
    for number in range(3):
        record(connection, f"b{number}", (1,), 2.0 + number, kept=4)

    assert {(each.customer, each.laptop) for each in lately(connection)} == {("a", 1), ("a", 2), ("b1", 1), ("b2", 1)}
