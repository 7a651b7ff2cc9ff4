from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from tests.services.marketplace.shop import FITTED, LAPTOP, SUGGESTED, Answering, Neighbour, Page, opened, says


async def test_the_front_page_shows_laptops_with_price_and_stock() -> None:
    laptops = [
        LAPTOP,
        LAPTOP | {"id": 8, "title": "Hartwell Forge 17", "stock": 0, "price_cents": 329_950, "currency": "GBP"},
        LAPTOP
        | {"id": 10, "title": "Tarn Rugged 14", "stock": 9, "reserved": 6, "price_cents": None, "form": "rugged"},
    ]
    async with opened(laptops=says(laptops)) as shop:
        page = await shop("/")

    assert page.answer.status == 200
    assert page.answer.headers["Cache-Control"] == "private, no-cache"
    assert shop.laptops.asked == ["/laptops?limit=12&after=0"]
    assert shop.ports.asked == ["/ports?laptops=7,8,10&limit=100&after=0"]
    for words in (
        "Lumen Book 12 LB12-ARM-16-512 USB-C, Magnetic, up to 60 W €999 29 in stock",
        "Hartwell Forge 17 LB12-ARM-16-512 £3,299.50 sold out",
        "Tarn Rugged 14 LB12-ARM-16-512 no price yet only 3 left",
    ):
        assert words in page.text
    assert {"/laptops/7", "/laptops/8", "/laptops/10"} <= set(page.links)
    assert {image["src"].partition("?")[0] for image in page.all("img")} == {
        "/static/mark.svg",
        "/drawings/front-clamshell-12-1.svg",
        "/drawings/front-clamshell-15-0.svg",
        "/drawings/front-clamshell-17-0.svg",
        "/drawings/front-rugged-14-3.svg",
    }


async def test_recommendations_come_with_their_reasons() -> None:
    async with opened() as shop:
        page = await shop("/", cookies={"customer": "somebody"})

    assert shop.recommendations.asked == ["/recommendations?customer=somebody&limit=4"]
    assert "Recommended for you Hartwell Forge 15" in page.text
    assert "Costs about the same" in page.text
    assert "/laptops/8" in page.links


async def test_a_search_asks_for_what_was_typed_and_shows_it_again() -> None:
    typed = 'a&b="c"<i>'
    async with opened() as shop:
        page = await shop("/", params={"q": f"  {typed} "})

    assert shop.laptops.requests[0].query["search"] == typed
    assert f"Laptops for “{typed}”" in page.text
    assert next(field["value"] for field in page.all("input")) == typed


async def test_a_search_without_words_shows_all() -> None:
    async with opened() as shop:
        page = await shop("/?q=++")

    assert shop.laptops.asked == ["/laptops?limit=12&after=0"]
    assert "Laptops, and how to charge them" in page.text


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/", "There are no laptops here"),
        ("/?q=zzz", "No laptop has all of that in its name"),
        ("/?q=zzz&stock=1", "No laptop is all of that"),
        ("/?port=barrel", "No laptop is all of that"),
        ("/?after=9", "There are no more laptops here"),
    ],
)
async def test_an_empty_page_says_so(path: str, words: str) -> None:
    async with opened(laptops=says([])) as shop:
        page = await shop(path)

    assert page.answer.status == 200
    assert words in page.text


async def paged(request: web.BaseRequest) -> web.Response:
    """Laptops 1 to 36, twelve a page."""
    after = int(request.query["after"])
    title = request.query.get("search", "")
    found = [LAPTOP | {"id": after + n, "title": f"Number {after + n} {title}"} for n in range(1, 13)]
    link = {"Link": f'</laptops?limit=12&after={after + 12}&search={title}>; rel="next"'} if after < 24 else {}
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


async def test_the_address_of_a_form_is_without_what_was_left_empty() -> None:
    async with opened() as shop:
        sent = await shop.client("GET", "/?q=+&port=&watts=&screen=&min=&max=900&stock=1", allow_redirects=False)
        kept = await shop.client("GET", "/?q=&after=24-900&trail=0.12-800&max=900", allow_redirects=False)

    assert (sent.status, sent.headers["Location"]) == (302, "/?max=900&stock=1")
    assert (kept.status, kept.headers["Location"]) == (302, "/?max=900&after=24-900&trail=0.12-800")


async def test_a_form_shows_what_was_asked_and_links_that_take_it_away() -> None:
    async with opened() as shop:
        page = await shop("/?q=lumen&port=usb-c&watts=50&screen=small&min=100&max=2000&stock=1&sort=price")

    chosen = [each["value"] for each in page.all("input") if "checked" in each]
    assert chosen == ["usb-c", "small", "1"]
    assert [each["value"] for each in page.all("option") if "selected" in each] == ["50"]
    values = {each["name"]: each["value"] for each in page.all("input") if each.get("type") in {"number", "hidden"}}
    assert values == {"q": "lumen", "sort": "price", "min": "100", "max": "2000"}
    assert "/?port=usb-c&watts=50&min=100&max=2000&screen=small&stock=1&sort=price" in page.links
    assert "/?q=lumen&watts=50&min=100&max=2000&screen=small&stock=1&sort=price" in page.links
    assert "/?q=lumen&port=usb-c&watts=50&min=100&max=2000&screen=small&stock=1&sort=-id" in page.links
    assert "Without 50 W or more" in page.text


def every_third_charges_by_barrel() -> Neighbour:
    async def answer(request: web.BaseRequest) -> web.Response:
        asked = map(int, request.query["laptops"].split(","))
        port = {"name": "Rear", "connector": "barrel"}
        return web.json_response([port | {"id": number, "laptop": number} for number in asked if number % 3 == 0])

    return Neighbour(answer)


def many(last: int) -> Neighbour:
    """Laptops 1 to *last*, as many a page as are asked for."""

    async def answer(request: web.BaseRequest) -> web.Response:
        after, limit = int(request.query["after"]), int(request.query["limit"])
        found = [
            LAPTOP | {"id": each, "title": f"Number {each}."} for each in range(after + 1, min(after + limit, last) + 1)
        ]
        more = after + limit < last
        return web.json_response(
            found, headers={"Link": f'</laptops?after={after + limit}>; rel="next"'} if more else {}
        )

    return Neighbour(answer)


def shown(page: Page) -> list[int]:
    return [int(link.removeprefix("/laptops/")) for link in page.links if link.startswith("/laptops/")][:-1]


async def test_who_looks_for_a_port_is_shown_all_laptops_that_have_it_page_by_page() -> None:
    async with opened(laptops=many(100), ports=every_third_charges_by_barrel()) as shop:
        page, found = await shop("/?port=barrel"), []
        found += shown(page)
        while "next" in turns(page):
            page = await shop(turns(page)["next"])
            found += shown(page)

    assert found == list(range(3, 100, 3))


async def test_a_page_looks_through_so_many_laptops_and_says_that_there_are_more() -> None:
    async with opened(laptops=many(1000), ports=every_third_charges_by_barrel()) as shop:
        page = await shop("/?port=magnetic")
        assert "None of the laptops so far charges like that" in page.text
        assert turns(page) == {"next": "/?port=magnetic&after=240&trail=0"}
        assert len(shop.laptops.asked) == 5
        assert turns(await shop(turns(page)["next"]))["prev"] == "/?port=magnetic"


@pytest.mark.parametrize("answer", [says({}, 503), says({}), says("x"), says([], 400)])
async def test_without_ports_who_looks_for_one_is_told_that_these_may_not_have_it(answer: Answering) -> None:
    async with opened(laptops=many(30), ports=answer) as shop:
        page = await shop("/?port=barrel")
        assert "The ports cannot be asked for at the moment" in page.text
        assert shown(page) == list(range(1, 13))
        assert page.answer.headers["Cache-Control"] == "no-store"
        assert turns(page) == {"next": "/?port=barrel&after=12&trail=0"}

        everything = await shop("/")
        assert everything.answer.status == 200
        assert "The ports are away for the moment." in everything.text
        assert shown(everything) == list(range(1, 13))


async def test_the_ports_of_a_page_are_read_to_their_last_page() -> None:
    async def answer(request: web.BaseRequest) -> web.Response:
        after = int(request.query["after"])
        port = {"id": after + 1, "laptop": 7, "name": "Left", "connector": "usb-c"}
        return web.json_response([port], headers={"Link": f'</ports?after={after + 1}>; rel="next"'})

    async with opened(ports=answer) as shop:
        page = await shop("/")

    assert "4 × USB-C" in page.text, "and no further than four of them"


@pytest.mark.parametrize(
    "port",
    [{"id": 1, "laptop": 99, "name": "x"}, {"id": "1", "laptop": 7, "name": "x"}, {"id": 1, "name": "x"}, 5, None],
)
async def test_a_port_that_makes_no_sense_or_is_of_another_laptop_is_left_out(port: object) -> None:
    async with opened(ports=says([port])) as shop:
        page = await shop("/")

    assert "Lumen Book 12 LB12-ARM-16-512 €999" in page.text
