"""What the shop expects of laptops and of recommendations."""

from __future__ import annotations

import asyncio

import discovery
from services.marketplace.looks import Looks
from services.marketplace.suggestions import suggestions
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
