"""What orders expects of laptops and payments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aiohttp import web

import discovery
from services.orders.meaning import Answer
from services.orders.model import Line
from services.orders.peers import MeshPeers
from services.orders.requests import Request, request_of
from services.orders.saga import CHARGE, REFUND, Deed, Step
from services.orders.saga_store import Saga
from tests.services.contract import Callee, Exchange
from tests.services.support import behind, served

SAGA = Saga(
    id=7,
    key="order-7-0a1b2c",
    customer="ada",
    card="ok",
    lines=[Line(laptop=3, quantity=2, price_cents=329_900)],
    currency="EUR",
    total_cents=659_800,
    placed_s=0.0,
    tries=0,
    holder="",
    log=(),
)
RESERVE, TAKE, RELEASE = Step(Deed.RESERVE), Step(Deed.TAKE), Step(Deed.RELEASE)


def of(key: str, **line: int) -> Saga:
    return replace(SAGA, key=key, lines=[SAGA.lines[0].model_copy(update=line)])


def exchange(why: str, request: Request, status: int, problem: str = "") -> Exchange:
    answer = {"type": problem} if problem else None
    return Exchange(why, request.method, request.path, status, answer, dict(request.document or {}) or None)


async def answers(registry: discovery.StaticRegistry, callee: Callee, asked: Sequence[Request]) -> list[Answer]:
    async with behind(registry, callee.name, callee), served(web.Application(), "orders", registry) as orders:
        peers = MeshPeers(orders.server.mesh)
        found = [await peers.ask(request) for request in asked]
    callee.check()
    return found


async def test_stock_is_held_at_its_price_then_taken_or_released(registry: discovery.StaticRegistry) -> None:
    gone, many, dear = of("order-7-a", laptop=999), of("order-7-b", quantity=100), of("order-7-c", price_cents=1)
    sold_out, changed = "/problems/sold-out", "/problems/price-changed"
    wanted = [
        (exchange("hold", request_of(SAGA, RESERVE), 201), ""),
        (exchange("hold what is not there", request_of(gone, RESERVE), 404), ""),
        (exchange("hold too many", request_of(many, RESERVE), 409, sold_out), sold_out),
        (exchange("hold at another price", request_of(dear, RESERVE), 409, changed), changed),
        (exchange("take what was held", request_of(SAGA, TAKE), 200), ""),
        (exchange("take what was not", request_of(many, TAKE), 404), ""),
        (exchange("give back", request_of(SAGA, RELEASE), 200), ""),
        (exchange("give back what was not held", request_of(many, RELEASE), 404), ""),
    ]
    steps = [
        *((saga, RESERVE) for saga in (SAGA, gone, many, dear)),
        *((SAGA, TAKE), (many, TAKE), (SAGA, RELEASE), (many, RELEASE)),
    ]
    laptops = Callee("orders", "laptops", *(each for each, _ in wanted))
    found = await answers(registry, laptops, [request_of(saga, step) for saga, step in steps])
    assert found == [Answer(each.status, problem) for each, problem in wanted]


async def test_an_order_is_charged_once_and_given_back(registry: discovery.StaticRegistry) -> None:
    poor, other = replace(of("order-8-a"), card="declined"), replace(SAGA, total_cents=1)
    unknown = replace(of("order-9-a"), card="unknown")
    steps = [
        (SAGA, CHARGE, 201),
        (poor, CHARGE, 402),
        (other, CHARGE, 422),
        (unknown, CHARGE, 422),
        (SAGA, REFUND, 201),
    ]
    why = ("charge", "charge who does not pay", "charge something else", "charge no card", "give back")
    asked = [request_of(saga, step) for saga, step, _ in steps]
    wanted = [exchange(each, request, step[2]) for each, request, step in zip(why, asked, steps, strict=True)]
    found = await answers(registry, Callee("orders", "payments", *wanted), asked)
    assert [answer.status for answer in found] == [201, 402, 422, 422, 201]
