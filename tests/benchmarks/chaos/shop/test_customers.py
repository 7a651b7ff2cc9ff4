from __future__ import annotations

import random

from aiohttp import web
from aiohttp.test_utils import TestServer

from benchmarks.chaos.shop.customers import Customers, Placed, wishes
from discovery.clock import SystemClock

PRICES = {1: 500, 2: 700, 3: 900}


def test_the_same_chance_makes_the_same_orders_of_different_laptops() -> None:
    made = wishes(50, PRICES, ["1", "2"], random.Random(1))

    assert [each.document for each in made] == [
        each.document for each in wishes(50, PRICES, ["1", "2"], random.Random(1))
    ]
    assert len({each.key for each in made}) == 50
    for each in made:
        laptops = [line["laptop"] for line in each.document["lines"]]
        assert len(set(laptops)) == len(laptops) <= 3
    assert {each.document["card"] for each in made} > {"ok"}


async def test_who_is_not_answered_asks_again_under_the_same_key_and_a_refusal_is_an_answer() -> None:
    said = {"a": [503, 409, 202], "b": [422]}
    keys: list[str] = []

    async def take(request: web.Request) -> web.Response:
        keys.append(key := request.headers["Idempotency-Key"])
        return web.json_response({"id": 7}, status=said[key].pop(0) if len(said[key]) > 1 else said[key][0])

    app = web.Application()
    app.router.add_post("/api/orders", take)
    placed = [Placed("1", {}, key="a"), Placed("2", {}, key="b")]
    async with TestServer(app) as server:
        await Customers(str(server.make_url("")), lambda name: name, SystemClock()).order(placed, 1000.0, 30.0)

    assert [(each.status, each.ids) for each in placed] == [(202, {7}), (422, set())]
    # The first of them clicks twice.
    assert keys.count("a") == 4
