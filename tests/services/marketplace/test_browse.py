from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from tests.services.marketplace.shop import FITTED, LAPTOP, SUGGESTED, Neighbour, Page, opened, says


async def test_the_front_page_shows_laptops_with_price_and_stock() -> None:
    laptops = [
        LAPTOP,
        LAPTOP | {"id": 8, "title": "Hartwell Forge 17", "stock": 0, "price_cents": 329_950, "currency": "GBP"},
        LAPTOP | {"id": 10, "title": "Tarn Rugged 14", "stock": 3, "price_cents": None},
    ]
    async with opened(laptops=says(laptops)) as shop:
        page = await shop("/")

    assert page.answer.status == 200
    assert page.answer.headers["Cache-Control"] == "private, no-cache"
    assert shop.laptops.asked == ["/laptops?limit=12&after=0"]
    for words in (
        "Lumen Book 12 LB12-ARM-16-512 €999 29 in stock",
        "Hartwell Forge 17 LB12-ARM-16-512 £3,299.50 sold out",
        "Tarn Rugged 14 LB12-ARM-16-512 no price yet only 3 left",
    ):
        assert words in page.text
    assert {"/laptops/7", "/laptops/8", "/laptops/10"} <= set(page.links)
    assert {image["src"].partition("?")[0] for image in page.all("img")} == {
        "/static/mark.svg",
        "/static/laptop-small.svg",
        "/static/laptop-medium.svg",
        "/static/laptop-large.svg",
        "/static/laptop-huge.svg",
    }


async def test_recommendations_come_with_their_reasons() -> None:
    async with opened() as shop:
        page = await shop("/", cookies={"customer": "somebody"})

    assert shop.recommendations.asked == ["/recommendations?customer=somebody&limit=4"]
    assert "Recommended for you Hartwell Forge 15" in page.text
    assert "Because: it costs about the same" in page.text
    assert "/laptops/8" in page.links


async def test_a_search_asks_for_what_was_typed_and_shows_it_again() -> None:
    typed = 'a&b="c"<i>'
    async with opened() as shop:
        page = await shop("/", params={"q": f"  {typed} "})

    assert shop.laptops.requests[0].query["title"] == typed
    assert f"Laptops called “{typed}”" in page.text
    assert next(field["value"] for field in page.all("input")) == typed


async def test_a_search_without_words_shows_all() -> None:
    async with opened() as shop:
        page = await shop("/?q=++")

    assert shop.laptops.asked == ["/laptops?limit=12&after=0"]
    assert "Laptops, and how to charge them" in page.text


@pytest.mark.parametrize(
    ("path", "words"), [("/?q=zzz", "No laptop has that in its title"), ("/", "There are no laptops here")]
)
async def test_an_empty_page_says_so(path: str, words: str) -> None:
    async with opened(laptops=says([])) as shop:
        page = await shop(path)

    assert page.answer.status == 200
    assert words in page.text


async def paged(request: web.BaseRequest) -> web.Response:
    """Laptops 1 to 36, twelve a page."""
    after = int(request.query["after"])
    title = request.query.get("title", "")
    found = [LAPTOP | {"id": after + n, "title": f"Number {after + n} {title}"} for n in range(1, 13)]
    link = {"Link": f'</laptops?limit=12&after={after + 12}&title={title}>; rel="next"'} if after < 24 else {}
    return web.json_response(found, headers=link)


def turns(page: Page) -> dict[str, str]:
    return {link["rel"]: link["href"] for link in page.all("a") if link.get("rel") in {"prev", "next"}}


async def test_the_pages_are_turned_forth_and_back() -> None:
    async with opened(laptops=paged) as shop:
        first = await shop("/?q=x%26y")
        assert turns(first).keys() == {"next"}
        second = await shop(turns(first)["next"])
        assert "Number 13 x&y" in second.text
        third = await shop(turns(second)["next"])
        assert "Number 25 x&y" in third.text
        assert turns(third).keys() == {"prev"}
        again = await shop(turns(third)["prev"])
        assert again.text == second.text
        assert turns(again) == turns(second)
        assert (await shop(turns(again)["prev"])).text == first.text


async def test_the_way_back_has_an_end_that_is_the_first_page() -> None:
    async def endless(request: web.BaseRequest) -> web.Response:
        after = int(request.query["after"]) + 1
        return web.json_response([LAPTOP], headers={"Link": f'</laptops?after={after}>; rel="next"'})

    async with opened(laptops=endless) as shop:
        path = "/"
        for _ in range(40):
            path = turns(await shop(path))["next"]
        steps = 0
        while "prev" in (links := turns(await shop(path))):
            path = links["prev"]
            steps += 1

    assert (path, steps) == ("/", 33)


@pytest.mark.parametrize(
    "link",
    [
        "",
        "nonsense",
        '</laptops?after=x>; rel="next"',
        '</laptops>; rel="next"',
        '<http://[>; rel="next"',
        "<>; rel=next",
        '</laptops?after=0>; rel="next"',
    ],
)
async def test_a_link_that_leads_nowhere_is_no_next_page(link: str) -> None:
    async with opened(laptops=says([LAPTOP], Link=link)) as shop:
        page = await shop("/")

    assert page.answer.status == 200
    assert turns(page) == {}


@pytest.mark.parametrize("path", ["/", "/laptops/7"])
async def test_what_a_page_needs_is_asked_for_side_by_side(path: str) -> None:
    both = asyncio.Barrier(2)

    def beside(answer: object) -> Neighbour:
        async def wait(request: web.BaseRequest) -> web.StreamResponse:
            if request.method == "GET":
                async with asyncio.timeout(10):
                    await both.wait()
            return web.json_response(answer)

        return Neighbour(wait)

    laptops = beside([LAPTOP] if path == "/" else FITTED)
    async with opened(laptops=laptops, recommendations=beside(SUGGESTED)) as shop:
        page = await shop(path)

    assert "Lumen Book 12" in page.text
    assert "Hartwell Forge 15" in page.text


async def test_what_else_is_in_a_link_does_not_matter() -> None:
    async with opened() as shop:
        page = await shop("/?utm_source=a&fbclid=b")

    assert page.answer.status == 200
