"""Orders in the running system, from whoever signed up: an instance is killed, and all are settled and add up."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from tests.e2e.command import Up, said

pytestmark = pytest.mark.e2e

SMALL = (
    *("--json", "--consul", "embedded", "--only", "gateway,accounts,laptops,payments,orders,notifications"),
    *("--scale", "laptops=1", "--scale", "orders=2"),
)
CUSTOMER = {"email": "customer@example.com", "password": "correct horse battery staple"}
# Of the first there are so many that it is never sold out.
LINES = [{"laptop": 1, "quantity": 1, "price_cents": 119_900}, {"laptop": 2, "quantity": 1, "price_cents": 189_900}]
ORDERS = 20


async def until(ask: Callable[[], Awaitable[tuple[int, Any]]], enough: Callable[[Any], bool]) -> Any:
    """What is answered, as soon as it is *enough*."""
    async with asyncio.timeout(30):
        while not enough(found := (await ask())[1]):  # noqa: ASYNC110 - other processes have to be asked
            await asyncio.sleep(0.2)  # noqa: TID251 - the system runs in real time
    return found


async def told_live(session: aiohttp.ClientSession, token: str, after: int) -> bytes:
    """What comes as a stream of events, up to the first that tells something."""
    live = {"Accept": "text/event-stream", "Last-Event-ID": str(after), "Authorization": f"Bearer {token}"}
    async with asyncio.timeout(30), session.get("/api/notifications/live", headers=live) as stream:
        heard = b""
        while b"data: " not in heard:
            heard += await stream.content.readany()
    return heard


async def test_orders_are_settled_and_add_up_when_an_instance_is_killed_in_their_midst() -> None:
    async with Up("up", *SMALL) as up:
        system = await up.ready()
        async with aiohttp.ClientSession(system["gateway"]) as session:

            async def asked(method: str, path: str, token: str = "", **options: Any) -> tuple[int, Any]:
                headers = {"Authorization": f"Bearer {token}"} if token else {}
                headers |= options.pop("headers", {})
                async with session.request(method, path, headers=headers, **options) as response:
                    return response.status, await response.json()

            async def token_of(made: dict[str, str]) -> str:
                _, told = await asked("POST", "/api/token", json={name: made[name] for name in CUSTOMER})
                return str(told["access_token"])

            assert (await asked("POST", "/api/accounts", json=CUSTOMER))[0] == 201
            code, out, err = await said("staff", "--json", "--system", system["system"])
            assert code == 0, err
            customer, staff = await token_of(CUSTOMER), await token_of(json.loads(out))
            victim = next(each["pid"] for each in system["instances"] if each["name"] == "orders-1")

            placed = 0
            for number in range(ORDERS):
                # Who is not answered asks again under the same key, as any customer's browser may.
                for _ in range(20):
                    options = {"json": {"lines": LINES, "card": "ok"}, "headers": {"Idempotency-Key": f"k{number}"}}
                    status, _ = await asked("POST", "/api/orders", customer, **options)
                    if status == 202:
                        placed += 1
                        break
                    await asyncio.sleep(0.2)  # noqa: TID251 - the system runs in real time
                if number == ORDERS // 2:
                    os.kill(victim, signal.SIGKILL)
            assert placed == ORDERS

            orders = await until(
                lambda: asked("GET", "/api/orders?limit=100", customer),
                lambda found: {order["state"] for order in found} <= {"confirmed", "cancelled"},
            )
            told = await until(
                lambda: asked("GET", "/api/notifications?limit=100", customer), lambda found: len(found) >= 2 * ORDERS
            )
            heard = await told_live(session, customer, after=told[1]["id"])
            _, laptops = await asked("GET", "/api/laptops")
            _, accounts = await asked("GET", "/api/ledger/accounts", staff)

    assert len(orders) == ORDERS, "none is lost, and none is there twice"
    confirmed = [order for order in orders if order["state"] == "confirmed"]
    # There are 17 of the second.
    assert (len(confirmed), {order["reason"] for order in orders if order not in confirmed}) == (17, {"sold out"})
    ends = {(order["id"], about) for order in orders for about in ("placed", order["state"])}
    assert {(each["order"], each["about"]) for each in told} == ends
    assert len(told) == len(ends), "the customer is told each thing once"
    assert told[0]["title"].encode() in heard
    stock = {each["id"]: (each["stock"], each["reserved"]) for each in laptops}
    assert (stock[1], stock[2]) == ((42 - 17, 0), (0, 0))
    balances = {account["account"]: account["balance_cents"] for account in accounts}
    assert balances["cards"] == 17 * (119_900 + 189_900) == sum(order["total_cents"] for order in confirmed)
