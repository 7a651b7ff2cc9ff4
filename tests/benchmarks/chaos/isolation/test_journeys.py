"""What somebody sees at a small shop of which something is wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from benchmarks.chaos.isolation import journeys
from benchmarks.chaos.isolation.journeys import JOURNEYS, Person, Seen, judged
from discovery.clock import SystemClock

FORM = '<form action="{}" method="post"><input type="hidden" name="form" value="mine"></form>'
WELL, NOTICE = "<h1>Laptops</h1>", '<p class="notice">Prices of an hour ago</p>'
REFUSED = "<h1>Payments cannot be reached at the moment</h1>"


@pytest.mark.parametrize(
    ("status", "kind", "text", "seen"),
    [
        (200, "text/html", WELL, Seen.WORKS),
        (200, "text/html", WELL + NOTICE, Seen.NOTICE),
        (200, "text/html", f'<div class="aside-page">{REFUSED}</div>', Seen.REFUSED),
        (503, "text/html", REFUSED, Seen.REFUSED),
        (404, "text/html", REFUSED, Seen.REFUSED),
        (500, "text/html", "", Seen.BROKEN),
        (500, "text/plain", "500 Internal Server Error <h1>", Seen.BROKEN),
        (502, "application/problem+json", '{"title": "Bad Gateway"}', Seen.BROKEN),
    ],
)
def test_a_refusal_is_a_page_that_says_something(status: int, kind: str, text: str, seen: Seen) -> None:
    assert judged(status, kind, text) is seen


class Slow(SystemClock):
    """Each page seems to take so long."""

    def __init__(self, took_s: float) -> None:
        self._took_s = took_s
        self._read = 0

    def now(self) -> float:
        self._read += 1
        return self._read * self._took_s


@asynccontextmanager
async def person_at(pages: dict[str, web.Response], took_s: float = 0.1) -> AsyncIterator[Person]:
    async def answer(request: web.Request) -> web.Response:
        said = pages.get(f"{request.method} {request.path}", web.Response(text=WELL, content_type="text/html"))
        # An answer is sent once.
        return web.Response(status=said.status, text=said.text, content_type=said.content_type)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    server = TestServer(app)
    async with server, Person(str(server.make_url("/")), Slow(took_s)) as person:
        yield person


def page(text: str, status: int = 200) -> web.Response:
    return web.Response(text=text, content_type="text/html", status=status)


async def test_the_worst_step_of_a_journey_counts() -> None:
    pages = {
        "GET /checkout": page(WELL + NOTICE + FORM.format("/checkout")),
        "POST /checkout": page(REFUSED, status=503),
    }
    async with person_at(pages) as person:
        await JOURNEYS["order"](person)
        assert (person.journey.seen, person.journey.wrong) == (Seen.REFUSED, [])


async def test_a_page_that_offers_no_way_on_is_a_refusal() -> None:
    async with person_at({}) as person:
        await JOURNEYS["order"](person)
        assert person.journey.seen is Seen.REFUSED


async def test_what_nobody_should_see_is_told_by_its_step() -> None:
    async with person_at({"GET /orders": web.Response(status=500)}) as person:
        await JOURNEYS["my orders"](person)
        assert (person.journey.seen, person.journey.wrong) == (Seen.BROKEN, ["GET /orders: 500 without words"])


async def test_a_page_that_takes_too_long_is_broken_however_well_it_looks() -> None:
    async with person_at({}, took_s=journeys.HANG_S + 0.5) as person:
        await JOURNEYS["browse"](person)
        assert (person.journey.seen, person.journey.wrong) == (Seen.BROKEN, ["GET /: 2.5 s"])


async def test_nobody_there_is_broken() -> None:
    async with Person("http://127.0.0.1:9", Slow(0.1)) as person:
        await JOURNEYS["browse"](person)
        assert person.journey.seen is Seen.BROKEN


async def test_who_chooses_takes_the_first_laptop_of_which_there_is_one_to_be_had() -> None:
    front = WELL + '<a href="/orders">My orders</a><a href="/laptops/1">A</a><a href="/laptops/2">B</a>'
    pages = {
        "GET /": web.Response(text=front, content_type="text/html"),
        "GET /laptops/2": web.Response(text=WELL + FORM.format("/basket"), content_type="text/html"),
        "GET /laptops/1": web.Response(text=WELL + "Sold out", content_type="text/html"),
        "POST /basket": web.Response(text=WELL + NOTICE, content_type="text/html"),
    }
    async with person_at(pages) as person:
        await person.choose()
        await person.fill_basket()

    assert person.journey.seen is Seen.NOTICE, "the basket was reached"
