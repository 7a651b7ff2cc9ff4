"""What the shop expects of laptops, of recommendations, of accounts, of orders, and of notifications."""

from __future__ import annotations

import asyncio

import pytest

import discovery
from discovery.web import Problem
from services.marketplace.accounts import Accounts, Refused
from services.marketplace.looks import Looks
from services.marketplace.notices import Notices
from services.marketplace.orders import NotPlaced, Orders
from services.marketplace.peers import Away
from services.marketplace.suggestions import suggestions
from services.marketplace.visitor import Session
from tests.services.contract import Callee, Exchange
from tests.services.marketplace.shop import FITTED, LAPTOP, LOOKS, SUGGESTED, opened, says
from tests.services.support import behind

SHAPED = LAPTOP | {"reserved": 2, "form": "clamshell", "screen_inches": None}
UNPRICED = LAPTOP | {"price_cents": None}
(SUGGESTION,) = SUGGESTED["recommendations"]
ANY = SUGGESTED | {"recommendations": [SUGGESTION, SUGGESTION | {"laptop": UNPRICED}]}


async def test_the_shop_is_made_of_lists_of_laptops_and_single_ones() -> None:
    laptops = Callee(
        *("marketplace", "laptops"),
        Exchange("a page of laptops", "GET", "/laptops?limit=12&after=0", 200, [LAPTOP, UNPRICED]),
        Exchange("those with a word in their title", "GET", "/laptops?limit=12&after=0&search=Lumen", 200, [LAPTOP]),
        Exchange(
            *("all that narrows it", "GET"),
            "/laptops?limit=12&after=1&at=119900&search=o&price_min_cents=50000&price_max_cents=250000&currency=EUR"
            "&screen_min_inches=13&screen_max_inches=14&in_stock=true&sort=-price",
            *(200, [LAPTOP]),
        ),
        Exchange(
            *(
                "a sorted page that others follow",
                "GET",
                "/laptops?limit=48&after=0&sort=price",
                200,
                [SHAPED, UNPRICED],
            ),
            headers={"Link": '</laptops?limit=48&after=58&sort=price&at=100>; rel="next"'},
            given="more than a hundred laptops",
        ),
        Exchange("the last of it", "GET", "/laptops?limit=48&after=58&at=100&sort=price", 200, [LAPTOP]),
        Exchange("one laptop with its ports", "GET", "/laptops/3", 200, FITTED | {"id": 3}),
        Exchange("one that there is not", "GET", "/laptops/999", 404),
    )
    narrowed = "/?q=o&min=500&max=2500&screen=medium&stock=1&sort=-price&after=1-119900"
    async with opened(laptops=laptops) as shop:
        paths = ("/", "/?q=Lumen", narrowed, "/?port=barrel&sort=price", "/laptops/3", "/laptops/999")
        pages = [await shop(path) for path in paths]

    assert [page.answer.status for page in pages] == [200, 200, 200, 200, 200, 404]
    laptops.check()


async def test_the_shop_asks_for_the_ports_of_several_laptops_at_once() -> None:
    port = {"id": 5, "laptop": 2, "name": "Left USB-C", "connector": "usb-c", "watts": 100}
    unknown = port | {"connector": None, "watts": None}
    ports = Callee(
        *("marketplace", "ports"),
        Exchange("of two", "GET", "/ports?laptops=2,8&limit=100&after=0", 200, [port, unknown]),
    )
    async with opened(laptops=says([LAPTOP | {"id": 2}, LAPTOP | {"id": 8}]), ports=ports) as shop:
        page = await shop("/")

    assert "USB-C, unknown port, up to 100 W" in page.text
    ports.check()


async def test_the_shop_asks_for_suggestions_and_tells_of_looks(registry: discovery.StaticRegistry) -> None:
    look = {"customer": "customer-1", "laptop": 7}
    recommendations = Callee(
        *("marketplace", "recommendations"),
        Exchange("for somebody", "GET", "/recommendations?customer=customer-1&limit=4", 200, ANY),
        Exchange("beside one", "GET", "/recommendations?customer=customer-1&limit=4&laptop=1", 200, ANY),
        Exchange("a look", "POST", LOOKS, 204, body=look),
    )
    async with (
        behind(registry, "recommendations", recommendations),
        discovery.Mesh(discovery.MeshConfig(name="marketplace"), registry=registry) as mesh,
        Looks(mesh) as looks,
    ):
        found = [await suggestions(mesh, "customer-1"), await suggestions(mesh, "customer-1", 1)]
        looks.tell("customer-1", 7)
        await asyncio.gather(*looks._tasks)

    assert [each.recommendations[0].laptop.id for each in found] == [8, 8]
    recommendations.check()


async def test_the_shop_signs_people_up_logs_them_in_and_out(registry: discovery.StaticRegistry) -> None:
    ada, wrong = ({"email": "ada@example.org", "password": word} for word in ("correct horse", "wrong horse"))
    bob = {"email": "bob", "password": "short"}
    errors = [{"field": "email", "message": "..."}, {"field": "password", "message": "..."}]
    nobody = {"refresh_token": "a" * 64}
    accounts = Callee(
        *("marketplace", "accounts"),
        Exchange("an account", "POST", "/accounts", 201, {"email": "ada@example.org"}, body=ada),
        Exchange("one whose email is taken", "POST", "/accounts", 409, body=wrong),
        Exchange("one that cannot be", "POST", "/accounts", 422, {"errors": errors}, body=bob),
        Exchange(
            *("a login", "POST", "/token", 200),
            {"access_token": "a.b.c", "expires_in": 300, "refresh_token": "a" * 64},
            body=ada,
        ),
        Exchange("a login with a wrong password", "POST", "/token", 401, body=wrong),
        Exchange("an account, for who has no token that counts", "GET", "/accounts/me", 401),
        Exchange("tokens for one that is not good", "POST", "/token/refresh", 401, body=nobody),
        Exchange("the end of a login", "POST", "/logout", 204, body=nobody),
    )
    config = discovery.MeshConfig(name="marketplace")
    async with behind(registry, "accounts", accounts), discovery.Mesh(config, registry=registry) as mesh:
        client, now_s = Accounts(mesh, "192.0.2.7"), 0.0
        assert await client.sign_up(**ada)
        assert not await client.sign_up(**wrong)
        with pytest.raises(Refused):
            await client.sign_up(**bob)
        with pytest.raises(Refused):
            await client.log_in(**wrong, now_s=now_s)
        # The token that is recorded is nobody's.
        with pytest.raises(Away, match="401"):
            await client.log_in(**ada, now_s=now_s)
        session = Session("1", "ada@example.org", False, "a.b.c", "a" * 64, 0.0, 0.0)
        assert await client.renewed(session, now_s) is None
        await client.log_out(session)

    accounts.check()


async def test_the_shop_places_orders_and_shows_them(registry: discovery.StaticRegistry) -> None:
    lines = [{"laptop": 3, "quantity": 1, "price_cents": 329_900}]
    draft, other = ({"lines": lines, "currency": "EUR", "card": card} for card in ("ok", "declined"))
    placed = {
        "id": 1,
        "state": "placed",
        "reason": None,
        "laptop": None,
        "lines": lines,
        "currency": "EUR",
        "total_cents": 329_900,
        "placed_s": 1.5,
    }
    once = {"Idempotency-Key": "k1"}
    orders = Callee(
        *("marketplace", "orders"),
        Exchange("an order", "POST", "/orders", 202, placed, body=draft, sent=once),
        Exchange(
            *("another under its key", "POST", "/orders", 422),
            {"type": "/problems/key-reused"},
            body=other,
            sent=once,
        ),
        Exchange("all of them", "GET", "/orders?limit=10", 200, [placed]),
        Exchange("one of them", "GET", "/orders/1", 200, placed),
        Exchange("one that there is not", "GET", "/orders/999", 404),
    )
    config = discovery.MeshConfig(name="marketplace")
    async with behind(registry, "orders", orders), discovery.Mesh(config, registry=registry) as mesh:
        client = Orders(mesh, "a.b.c")
        assert await client.place("k1", draft) == 1
        with pytest.raises(NotPlaced) as refused:
            await client.place("k1", other)
        assert refused.value.earlier
        assert [order.id for order in (await client.page(None)).orders] == [1]
        assert (await client.one(1)).total_cents == 329_900
        with pytest.raises(Problem):
            await client.one(999)

    orders.check()


async def test_the_shop_shows_what_customers_were_told(registry: discovery.StaticRegistry) -> None:
    notifications = Callee(
        *("marketplace", "notifications"),
        Exchange("all of it", "GET", "/notifications?limit=20", 200, []),
        Exchange("that one of them was read, which there is not", "PUT", "/notifications/999/read", 404),
    )
    config = discovery.MeshConfig(name="marketplace")
    async with (
        behind(registry, "notifications", notifications),
        discovery.Mesh(config, registry=registry) as mesh,
    ):
        client = Notices(mesh, "a.b.c")
        assert (await client.page(None)).notices == ()
        await client.mark_read(999)

    notifications.check()
