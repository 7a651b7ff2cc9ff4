"""What the shop expects of laptops and of recommendations."""

from __future__ import annotations

import asyncio

import discovery
from services.marketplace.looks import Looks
from services.marketplace.suggestions import suggestions
from tests.services.contract import Callee, Exchange
from tests.services.marketplace.shop import FITTED, LAPTOP, LOOKS, SUGGESTED, opened
from tests.services.support import behind

UNPRICED = LAPTOP | {"price_cents": None}
(SUGGESTION,) = SUGGESTED["recommendations"]
ANY = SUGGESTED | {"recommendations": [SUGGESTION, SUGGESTION | {"laptop": UNPRICED}]}


async def test_the_shop_is_made_of_lists_of_laptops_and_single_ones() -> None:
    laptops = Callee(
        *("marketplace", "laptops"),
        Exchange("a page of laptops", "GET", "/laptops?limit=12&after=0", 200, [LAPTOP, UNPRICED]),
        Exchange("those with a word in their title", "GET", "/laptops?limit=12&after=0&title=Lumen", 200, [LAPTOP]),
        Exchange("one laptop with its ports", "GET", "/laptops/3", 200, FITTED | {"id": 3}),
        Exchange("one that there is not", "GET", "/laptops/999", 404),
    )
    async with opened(laptops=laptops) as shop:
        pages = [await shop(path) for path in ("/", "/?q=Lumen", "/laptops/3", "/laptops/999")]

    assert [page.answer.status for page in pages] == [200, 200, 200, 404]
    laptops.check()


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
