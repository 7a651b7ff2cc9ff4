"""The orders over HTTP: who places one, who sees it, and how it is carried out through the mesh."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy.engine import URL

import discovery
from discovery.testing.clock import FakeClock
from services.kit.service import Settings
from services.orders.app import PATIENCE_S, build, patience_from
from services.orders.requests import Request
from tests.services.issuer import IssuerDouble
from tests.services.orders.world import PRICE, World
from tests.services.support import Answer, Client, behind, served

LINES = [{"laptop": 1, "quantity": 2, "price_cents": PRICE}, {"laptop": 2, "quantity": 1, "price_cents": PRICE}]
ORDER = {"lines": LINES, "card": "ok"}


@pytest.fixture
def issuer() -> IssuerDouble:
    return IssuerDouble()


@asynccontextmanager
async def shop(
    url: URL, registry: discovery.StaticRegistry, issuer: IssuerDouble | None = None, world: World | None = None
) -> AsyncIterator[Client]:
    """Orders, and the *world* that they are for behind them."""

    def answering(service: str) -> Any:
        async def answer(request: web.BaseRequest) -> web.Response:
            assert world is not None
            document = await request.json() if request.can_read_body else None
            said = await world.ask(Request(request.method, service, request.path, document))
            if not said.status:
                return web.Response(status=503)
            if not said.problem:
                return web.json_response({}, status=said.status)
            problem = {"type": said.problem, "status": said.status}
            return web.json_response(problem, status=said.status, content_type="application/problem+json")

        return answer

    async with AsyncExitStack() as stack:
        if issuer is not None:
            await stack.enter_async_context(issuer.serving(registry))
        if world is not None:
            for service in ("laptops", "payments"):
                await stack.enter_async_context(behind(registry, service, answering(service)))
        app = build(Settings(url, issuer.trusted if issuer else None))
        yield await stack.enter_async_context(served(app, "orders", registry))


async def place(
    client: Client, headers: Mapping[str, str] | None = None, key: str = "k", order: Mapping[str, Any] = ORDER
) -> Answer:
    return await client("POST", "/orders", json=order, headers={"Idempotency-Key": key, **(headers or {})})


async def until_over(client: Client, order: int) -> dict[str, Any]:
    """The order, when nothing is left to be done for it."""
    async with asyncio.timeout(60):
        while True:
            found: dict[str, Any] = (await client("GET", f"/orders/{order}")).json
            if found["state"] in {"confirmed", "cancelled"}:
                return found
            await asyncio.sleep(0.05)  # noqa: TID251 - real time of the mesh and the database


async def test_an_order_is_taken_at_once_and_then_confirmed(
    orders_url: URL, registry: discovery.StaticRegistry
) -> None:
    world = World(FakeClock(), 5, 5)
    async with shop(orders_url, registry, world=world) as client:
        placed = await place(client)
        assert (placed.status, placed.json["state"], placed.json["total_cents"]) == (202, "placed", 3 * PRICE)
        assert placed.headers["Location"] == f"/orders/{placed.json['id']}"
        over = await until_over(client, placed.json["id"])

    assert over == placed.json | {"state": "confirmed"}
    assert [laptop.stock for laptop in world.laptops.values()] == [3, 4]
    assert world.income == 3 * PRICE


@pytest.mark.parametrize(
    ("change", "reason", "laptop"),
    [
        ({"card": "declined"}, "declined", None),
        ({"lines": [*LINES, {"laptop": 3, "quantity": 9, "price_cents": PRICE}]}, "sold out", 3),
        ({"lines": [*LINES, {"laptop": 3, "quantity": 1, "price_cents": PRICE - 1}]}, "price changed", 3),
        ({"lines": [*LINES, {"laptop": 99, "quantity": 1, "price_cents": PRICE}]}, "no longer offered", 99),
    ],
)
async def test_an_order_that_cannot_be_had_is_cancelled_and_says_why(
    file: URL, registry: discovery.StaticRegistry, change: Mapping[str, Any], reason: str, laptop: int | None
) -> None:
    world = World(FakeClock(), 5, 5, 5)
    async with shop(file, registry, world=world) as client:
        over = await until_over(client, (await place(client, order={**ORDER, **change})).json["id"])

    assert (over["state"], over["reason"], over["laptop"]) == ("cancelled", reason, laptop)
    assert [each.stock for each in world.laptops.values()] == [5, 5, 5]
    assert (world.held, world.income) == (0, 0)


async def test_the_same_again_is_the_same_order_and_another_under_its_key_is_refused(
    orders_url: URL, registry: discovery.StaticRegistry, issuer: IssuerDouble
) -> None:
    async with shop(orders_url, registry, issuer) as client:
        ada, bob = issuer.headers(sub="ada"), issuer.headers(sub="bob")
        first, again = await place(client, ada), await place(client, ada)
        assert (again.status, again.text) == (202, first.text)
        other = await place(client, ada, order=ORDER | {"currency": "USD"})
        assert (other.status, other.json["type"]) == (422, "/problems/key-reused")
        assert (await place(client, bob)).json["id"] != first.json["id"], "a key is its customer's own"
        assert (await client("POST", "/orders", json=ORDER, headers=ada)).status == 400
        assert len((await client("GET", "/orders", headers=ada)).json) == 1


async def test_who_asks_sees_his_own_orders_and_staff_sees_all(
    file: URL, registry: discovery.StaticRegistry, issuer: IssuerDouble
) -> None:
    async with shop(file, registry, issuer) as client:
        ada, bob = issuer.headers(sub="ada"), issuer.headers(sub="bob")
        staff = issuer.headers("customer", "staff", sub="eve")
        mine = (await place(client, ada)).json["id"]
        theirs = (await place(client, bob)).json["id"]
        assert (await client("GET", f"/orders/{mine}", headers=ada)).json["customer"] == "ada"
        for path in (f"/orders/{theirs}", "/orders/999", f"/orders/{10**18 - 1}"):
            assert (await client("GET", path, headers=ada)).status == 404
        assert [each["id"] for each in (await client("GET", "/orders", headers=ada)).json] == [mine]
        assert [each["id"] for each in (await client("GET", "/orders", headers=staff)).json] == [theirs, mine]
        assert (await client("GET", f"/orders/{theirs}", headers=staff)).status == 200
        assert (await client("GET", "/orders")).status == 401


async def test_orders_are_listed_a_page_at_a_time_from_the_newest(
    file: URL, registry: discovery.StaticRegistry, issuer: IssuerDouble
) -> None:
    async with shop(file, registry, issuer) as client:
        ada = issuer.headers(sub="ada")
        made = [(await place(client, ada, key=str(number))).json["id"] for number in range(5)]
        await place(client, issuer.headers(sub="bob"))
        path, found = "/orders?limit=2", []
        while path:
            page = await client("GET", path, headers=ada)
            found.append([each["id"] for each in page.json])
            path = page.headers.get("Link", "").partition(">")[0].removeprefix("<")
        assert found == [made[4:2:-1], made[2:0:-1], made[:1]]
        assert (await client("GET", "/orders?before=0", headers=ada)).status == 400
        assert (await client("GET", "/orders?state=lost", headers=ada)).status == 400
        states = {each["id"]: each["state"] for each in (await client("GET", "/orders", headers=ada)).json}
        for state in ("placed", "confirmed", "cancelling", "cancelled"):
            listed = (await client("GET", f"/orders?state={state}", headers=ada)).json
            assert [each["id"] for each in listed] == [number for number, now in states.items() if now == state]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"lines": []}, "lines"),
        ({"lines": LINES[:1] * 2}, ""),
        ({"lines": [LINES[0] | {"laptop": number} for number in range(1, 22)]}, "lines"),
        ({"lines": [{**LINES[0], "quantity": 0}]}, "lines.0.quantity"),
        ({"lines": [{**LINES[0], "quantity": 101}]}, "lines.0.quantity"),
        ({"lines": [{**LINES[0], "price_cents": 10.5}]}, "lines.0.price_cents"),
        ({"lines": [{**LINES[0], "price_cents": 0}]}, "lines.0.price_cents"),
        ({"lines": [{**LINES[0], "quantity": 11, "price_cents": 100_000_000}]}, ""),
        ({"card": "4242 4242 4242 4242"}, "card"),
        ({"currency": "CHF"}, "currency"),
        ({"customer": "bob"}, "customer"),
    ],
)
async def test_what_is_no_order_is_refused(
    file: URL, registry: discovery.StaticRegistry, wrong: Mapping[str, Any], field: str
) -> None:
    async with shop(file, registry) as client:
        refused = await place(client, order={**ORDER, **wrong})
        assert (refused.status, refused.fields) == (422, [field])
        assert (await client("GET", "/orders")).json == []


async def test_an_instance_goes_on_with_what_another_one_took_while_nobody_was_there(
    file: URL, registry: discovery.StaticRegistry
) -> None:
    async with shop(file, registry) as client:
        placed = (await place(client)).json["id"]
        assert (await client("GET", f"/orders/{placed}")).json["state"] == "placed"
    world = World(FakeClock(), 5, 5)
    async with shop(file, registry, world=world) as client:
        assert (await until_over(client, placed))["state"] == "confirmed"
    assert world.income == 3 * PRICE


def test_how_long_who_is_away_is_asked_is_a_number_of_seconds() -> None:
    assert patience_from({}) == PATIENCE_S == 600
    assert patience_from({"ORDERS_PATIENCE_S": "30"}) == 30
    for said in ("-1", "1.5", "soon", "9" * 7):
        with pytest.raises(discovery.ConfigError, match="whole number of seconds"):
            patience_from({"ORDERS_PATIENCE_S": said})
