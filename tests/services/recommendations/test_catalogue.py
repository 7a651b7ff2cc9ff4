"""How the laptops come to be known, and what is done without them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web
from sqlalchemy.engine import URL

import discovery
from discovery.clock import SystemClock
from discovery.testing.clock import FakeClock
from services.recommendations import catalogue
from tests.services.recommendations.laptops import Laptops, ids, later, one
from tests.services.support import build_recommendations as build
from tests.services.support import enrolled, served


async def test_the_whole_catalogue_is_read_page_by_page(url: URL, registry: discovery.StaticRegistry) -> None:
    following = ["/laptops?limit=100&after=1", "http://elsewhere.example/laptops?limit=100&after=2", ""]
    laptops = Laptops()

    def page() -> web.Response:
        number = len(laptops.asked)
        link = f'<{following[number - 1]}>; rel="next"'
        return web.json_response([one(number, "MF13")], headers={"Link": link} if following[number - 1] else {})

    laptops.answer = page
    async with served(laptops.app(), "laptops", registry):
        await enrolled(registry, "laptops")
        async with served(build(url), "recommendations", registry) as client:
            answer = await client("GET", "/recommendations?limit=20")

    assert sorted(ids(answer.json)) == [1, 2, 3]
    assert answer.json["notice"] is None
    assert laptops.asked == [f"/laptops?limit=100{after}" for after in ("", "&after=1", "&after=2")]


async def test_a_catalogue_without_end_is_cut_and_says_so(url: URL, registry: discovery.StaticRegistry) -> None:
    laptops = Laptops("MF13")
    laptops.answer = lambda: web.json_response(laptops.laptops, headers={"Link": '</laptops?after=1>; rel="next"'})
    async with served(laptops.app(), "laptops", registry):
        await enrolled(registry, "laptops")
        async with served(build(url), "recommendations", registry) as client:
            answer = await client("GET", "/recommendations?laptop=77")

    assert (answer.status, len(laptops.asked)) == (200, 10)
    assert answer.json["notice"] == "only the first 10 laptops are considered"


async def test_the_laptops_are_asked_once_a_second_however_many_ask_us(
    url: URL, registry: discovery.StaticRegistry
) -> None:
    clock = FakeClock()
    laptops = Laptops("MF13")
    async with served(laptops.app(), "laptops", registry):
        await enrolled(registry, "laptops")
        async with served(build(url, discovery.Surroundings(clock=clock)), "recommendations", registry) as client:
            await asyncio.gather(*(client("GET", "/recommendations") for _ in range(10)))
            assert len(laptops.asked) == 1
            laptops.laptops.append(one(2, "MF15"))
            await later(clock)
            assert ids((await client("GET", "/recommendations")).json) == [1, 2]
            assert len(laptops.asked) == 2


ODD: dict[str, Callable[[], web.Response]] = {
    "500": lambda: web.Response(status=500),
    "404": lambda: web.Response(status=404),
    "503 in JSON": lambda: web.json_response([], status=503),
    "html": lambda: web.Response(text="<html>", content_type="text/html"),
    "half": lambda: web.Response(text="[", content_type="application/json"),
    "object": lambda: web.json_response({"laptops": []}),
    "odd laptop": lambda: web.json_response([one(1, "MF13", stock="many")]),
    "redirect": lambda: web.Response(status=302, headers={"Location": "http://laptops/elsewhere"}),
}


@pytest.mark.parametrize("answer", ODD.values(), ids=ODD)
async def test_whatever_the_laptops_service_answers_the_last_catalogue_is_used_with_a_notice(
    url: URL, registry: discovery.StaticRegistry, answer: Callable[[], web.Response]
) -> None:
    clock = FakeClock(wall=1_700_000_000.0)
    laptops = Laptops("MF13", "MF15")
    async with served(laptops.app(), "laptops", registry):
        await enrolled(registry, "laptops")
        async with served(build(url, discovery.Surroundings(clock=clock)), "recommendations", registry) as client:
            assert (await client("GET", "/recommendations/1")).json["notice"] is None
            laptops.answer = answer
            await later(clock)
            old = await client("GET", "/recommendations/1")
            assert (old.status, ids(old.json)) == (200, [2])
            assert (
                old.json["notice"] == "the laptops service could not be asked: prices and stock are as of 22:13:20 UTC"
            )
            assert old.json["as_of"] == "2023-11-14T22:13:20+00:00"

            laptops.answer = lambda: web.json_response(laptops.laptops)
            await later(clock)
            assert (await client("GET", "/recommendations/1")).json["notice"] is None


class Slow:
    """A laptops service that at first has one laptop, and once it is *late* one on each of many slow pages."""

    def __init__(self, pause: Callable[[], Awaitable[None]]) -> None:
        self.late = asyncio.Event()
        self._pause = pause

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/laptops", self._listed)
        return app

    async def _listed(self, request: web.Request) -> web.Response:
        if not self.late.is_set():
            return web.json_response([one(1, "MF13")])
        await self._pause()
        return web.json_response([one(2, "MF15")], headers={"Link": '</laptops?after=1>; rel="next"'})


async def for_ever() -> None:
    await asyncio.Event().wait()


async def nearly_too_long() -> None:
    await SystemClock().sleep(0.08)


@pytest.mark.parametrize("pause", [for_ever, nearly_too_long])
async def test_pages_that_come_late_are_not_waited_for_longer_than_all_of_them_may_take(
    url: URL, registry: discovery.StaticRegistry, monkeypatch: pytest.MonkeyPatch, pause: Callable[[], Awaitable[None]]
) -> None:
    monkeypatch.setattr(catalogue, "_LIMIT_S", 0.1)
    slow = Slow(pause)
    slow.late.set()
    async with served(slow.app(), "laptops", registry, stop_s=0.1):
        await enrolled(registry, "laptops")
        async with served(build(url), "recommendations", registry) as client:
            answers = await asyncio.gather(*(client("GET", "/recommendations") for _ in range(5)))

    assert {answer.status for answer in answers} == {503}


@pytest.mark.parametrize("pause", [for_ever, nearly_too_long])
async def test_with_an_old_catalogue_at_hand_pages_that_come_late_are_waited_for_even_less(
    url: URL, registry: discovery.StaticRegistry, monkeypatch: pytest.MonkeyPatch, pause: Callable[[], Awaitable[None]]
) -> None:
    clock = FakeClock()
    slow = Slow(pause)
    async with served(slow.app(), "laptops", registry, stop_s=0.1):
        await enrolled(registry, "laptops")
        async with served(build(url, discovery.Surroundings(clock=clock)), "recommendations", registry) as client:
            assert (await client("GET", "/recommendations")).json["notice"] is None
            monkeypatch.setattr(catalogue, "_LIMIT_WITH_OLD_S", 0.1)
            slow.late.set()
            await later(clock)
            answers = await asyncio.gather(*(client("GET", "/recommendations") for _ in range(5)))

    assert [ids(answer.json) for answer in answers] == [[1]] * 5
    assert all("could not be asked" in answer.json["notice"] for answer in answers)


async def test_the_laptops_are_known_before_anybody_asked_for_them(
    url: URL, registry: discovery.StaticRegistry
) -> None:
    learnt = asyncio.Event()
    laptops = Laptops("MF13")

    def tell() -> web.Response:
        learnt.set()
        return web.json_response(laptops.laptops)

    laptops.answer = tell
    clock = FakeClock()
    async with served(build(url, discovery.Surroundings(clock=clock)), "recommendations", registry) as client:
        assert (await client("GET", "/recommendations")).status == 503
        await later(clock)
        async with served(laptops.app(), "laptops", registry):
            async with asyncio.timeout(10):
                await learnt.wait()
            answer = await client("GET", "/recommendations")
            assert (answer.status, answer.json["notice"], len(laptops.asked)) == (200, None, 1)
        await later(clock)
        answer = await client("GET", "/recommendations")

    assert (answer.status, ids(answer.json)) == (200, [1])
    assert "prices and stock are as of" in answer.json["notice"]
