"""What recommendations expects of laptops."""

from __future__ import annotations

from sqlalchemy.engine import URL

import discovery
from tests.services.contract import Callee, Exchange
from tests.services.recommendations.laptops import ids, known, one
from tests.services.support import behind, build_recommendations, served

FULL = [one(number, f"model {number}", price_cents=100 if number % 2 else None) for number in (1, 2)]
LINK = '</laptops?limit=100&after=100>; rel="next"'
MORE = "more than a hundred laptops"


async def test_the_catalogue_comes_in_pages_of_laptops_with_price_and_stock(
    url: URL, registry: discovery.StaticRegistry
) -> None:
    laptops = Callee(
        *("recommendations", "laptops"),
        Exchange("the first page", "GET", "/laptops?limit=100", 200, FULL, headers={"Link": LINK}, given=MORE),
        Exchange("the last page", "GET", "/laptops?limit=100&after=100", 200, [one(101, "last")], given=MORE),
    )
    async with (
        behind(registry, "laptops", laptops),
        served(build_recommendations(url), "recommendations", registry) as recommendations,
    ):
        answer = await known(recommendations, path="/recommendations?limit=20")

    assert sorted(ids(answer.json)) == [1, 2, 101]
    laptops.check()
