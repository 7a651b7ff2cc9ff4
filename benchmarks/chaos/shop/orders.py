"""2,000 orders while everything is killed, again and again: none is lost, none is paid twice, and all of it adds up."""

from __future__ import annotations

import asyncio
import random

from benchmarks.chaos.gateway.issuer import issuing
from benchmarks.chaos.gateway.stage import Stage
from benchmarks.chaos.playing import Scenario
from benchmarks.chaos.shop.audit import audited
from benchmarks.chaos.shop.books import stock_up
from benchmarks.chaos.shop.customers import Customers, wishes
from benchmarks.chaos.shop.killing import kill_all_along
from benchmarks.chaos.shop.system import opened
from benchmarks.chaos.tokens import TokenMaker
from launcher.development import Row

_ORDERS, _BROKER_ORDERS, _QUICK_ORDERS = 2000, 1000, 100
_RATE, _PATIENCE_S = 5.0, 120.0
_PAIRS = ("laptops", "orders", "payments")
_KEPT = (*_PAIRS, "notifications")
# Most twice, so that who is killed has somebody beside him.
_INSTANCES = (*(f"{name}-{number}" for name in _PAIRS for number in (1, 2)), "notifications-1", "gateway-1")
_CUSTOMERS = [str(number) for number in range(1, 21)]
# Of some laptops there are so few that not everybody can have one.
_PLENTY, _FEW, _QUICK_FEW = 100_000, 150, 8
_SCARCE = (3, 6)


async def _by_mesh(stage: Stage) -> list[Row]:
    return await _play(stage, _ORDERS, by_broker=False)


async def _by_broker(stage: Stage) -> list[Row]:
    return await _play(stage, _BROKER_ORDERS, by_broker=True)


async def _play(stage: Stage, most: int, *, by_broker: bool) -> list[Row]:
    rng, maker = random.Random(stage.seed), TokenMaker()
    count, few = (_QUICK_ORDERS, _QUICK_FEW) if stage.quick else (most, _FEW)
    stock = {laptop: few if laptop in _SCARCE else _PLENTY for laptop in range(1, 11)}
    async with opened(stage, _KEPT, by_broker=by_broker) as shop, issuing(maker, shop.agent.url):
        await asyncio.gather(*(shop.add(name, AUTH_ISSUER=maker.url) for name in _INSTANCES))
        placed = wishes(count, await stock_up(shop.server, stock), _CUSTOMERS, rng)
        await shop.system.leads(shop.process("gateway-1"), "/api/orders", 401)
        customers = Customers(shop.gateway, lambda name: maker.token(stage.clock.wall(), sub=name), stage.clock)
        ordering = asyncio.create_task(customers.order(placed, _RATE, _PATIENCE_S))
        try:
            killed = await kill_all_along(shop, count / _RATE, rng, stage.clock)
            whole_at = stage.clock.now()
            await ordering
        finally:
            ordering.cancel()
            await asyncio.wait([ordering])
        what = f"{sum(killed.values())} kills under {_RATE:g} orders/s{', RabbitMQ among them' * by_broker}"
        rows = await audited(what, shop.server, placed, stock, whole_at, stage.clock)
    tries = round(sum(each.tries for each in placed) / count, 2)
    return [*rows, Row(f"{what}: requests sent for each order", tries, "")]


SCENARIOS = (
    Scenario("orders", "orders while instances, the database and the agent are killed", _by_mesh),
    Scenario("orders-by-broker", "orders whose events go by a broker, which is killed as well", _by_broker),
)
