"""Whoever is away, and however: a page comes, it says what is missing, and it is no 5xx."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from aiohttp import web

import discovery
from discovery.testing.clock import FakeClock
from discovery.testing.servers import (
    Behaviour,
    answers_garbage,
    drips,
    hangs_up,
    misbehaving,
    never_answers,
    refusing,
    resets,
)
from services.marketplace import catalogue, suggestions
from tests.services.marketplace.patience import patient
from tests.services.marketplace.shop import FITTED, LAPTOP, SUGGESTED, Answering, built, opened, read, says
from tests.services.support import served

DEEP = "[" * 50_000


def raw(text: str, status: int = 200, content_type: str = "application/json") -> Answering:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text=text, status=status, content_type=content_type)

    return answer


async def hang(request: web.BaseRequest) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


# Answers that nobody can use, whoever gives them.
USELESS: dict[str, Answering] = {
    "500": says({}, 500),
    "503": says([], 503),
    "429": says([], 429, **{"Retry-After": "9"}),
    "400": says([], 400),
    "redirect": says([], 302, Location="http://elsewhere/"),
    "html": raw("<html>", content_type="text/html"),
    "half": raw('[{"id": 1'),
    "deep": raw(DEEP),
    "nothing": raw(""),
    "null": raw("null"),
    "number": raw("17"),
    "surrogate": raw('["\\ud800"]'),
    "digits": raw(f"[{'9' * 5000}]"),
    "too long": raw(f"[{' ' * 1024**2}]"),
    "hangs": hang,
}


# As shipped: a fixture gives all tests more.
PAGE_S = catalogue.PAGE_S
KNOWN_S = catalogue.KNOWN_S
RECOMMENDATIONS_S = suggestions._LIMIT_S


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From the call on, the laptops service gets little time."""

    def hurry() -> None:
        monkeypatch.setattr(catalogue, "PAGE_S", 0.2)
        monkeypatch.setattr(catalogue, "KNOWN_S", 0.2)

    return hurry


def test_recommendations_get_less_time_than_the_page_and_the_page_gets_little() -> None:
    assert RECOMMENDATIONS_S <= 1 < KNOWN_S < PAGE_S < 2


async def test_who_can_be_shown_what_was_said_last_is_not_kept_waiting_for_all_of_a_page_s_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(catalogue, "PAGE_S", 3600.0)
    async with opened() as shop:
        await shop("/")
        monkeypatch.setattr(catalogue, "KNOWN_S", 0.2)
        shop.laptops.answer = hang
        async with asyncio.timeout(30):
            page = await shop("/")

    assert "cannot be reached at the moment. This is what it said as of" in page.text


@pytest.mark.parametrize("path", ["/", "/laptops/7"])
async def test_without_recommendations_the_page_comes_without_them(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suggestions, "_LIMIT_S", 0.2)
    async with opened() as shop:
        for how, answer in USELESS.items():
            shop.recommendations.answer = answer
            page = await shop(path)
            assert page.answer.status == 200, how
            assert "Lumen Book 12" in page.text, how
            assert "Recommendations are away for the moment" in page.text, how
            assert page.answer.headers["Cache-Control"] == "no-store", how


@pytest.mark.parametrize("path", ["/", "/?q=a&port=usb-c&after=9-5&trail=0.3", "/laptops/7"])
async def test_without_laptops_a_page_that_was_never_open_offers_to_retry(path: str, hurry: Callable[[], None]) -> None:
    hurry()
    async with opened() as shop:
        for how, answer in USELESS.items():
            shop.laptops.answer = answer
            page = await shop(path)
            assert page.answer.status == 200, how
            assert "The catalogue cannot be reached at the moment" in page.text, how
            assert [link["href"] for link in page.all("a") if link.get("class") == "button"] == [path], how
            assert page.answer.headers["Cache-Control"] == "no-store", how


@pytest.mark.parametrize("path", ["/", "/?q=lumen", "/laptops/7"])
async def test_without_laptops_a_page_is_what_it_was(
    path: str, hurry: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FakeClock(wall=1_700_000_000.0)  # the 14th of November 2023, 22:13:20 UTC
    async with opened(around=discovery.Surroundings(clock=clock)) as shop:
        before = await shop(path)
        await clock.advance(3600)
        hurry()
        for how, answer in USELESS.items():
            shop.laptops.answer = answer
            page = await shop(path)
            assert page.answer.status == 200, how
            assert "cannot be reached at the moment. This is what it said as of 22:13 UTC, 14 November." in page.text
            assert "Lumen Book 12" in page.text, how
            assert page.answer.headers["Cache-Control"] == "no-store", how
            assert page.links == before.links, how

        patient(monkeypatch)
        shop.laptops.answer = says([LAPTOP] if path != "/laptops/7" else FITTED)
        again = await shop(path)
        assert "cannot be reached" not in again.text
        assert "Lumen Book 12" in again.text
        shop.laptops.answer = USELESS["503"]
        assert "as of 23:13 UTC" in (await shop(path)).text, "what is new took the place of what was"


async def test_a_laptop_that_is_gone_is_not_shown_from_memory() -> None:
    async with opened() as shop:
        await shop("/laptops/7")
        shop.laptops.answer = says({}, 404)
        assert (await shop("/laptops/7")).answer.status == 404
        shop.laptops.answer = USELESS["503"]
        page = await shop("/laptops/7")

    assert "Lumen Book 12" not in page.text
    assert page.answer.status == 200


@pytest.mark.parametrize("missing", [{"ports": None, "notice": "the ports are missing"}, {"ports": None}])
async def test_without_ports_a_laptop_comes_with_a_notice(missing: dict[str, object]) -> None:
    async with opened(laptops=says(LAPTOP | missing)) as shop:
        page = await shop("/laptops/7")

    assert page.answer.status == 200
    assert "Lumen Book 12" in page.text
    assert "The ports are away for the moment." in page.text
    assert page.answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("behaviour", [resets, hangs_up, never_answers, answers_garbage, drips])
async def test_neighbours_that_misbehave_below_http_are_away(behaviour: Behaviour, hurry: Callable[[], None]) -> None:
    hurry()
    async with misbehaving(behaviour) as server:
        registry = discovery.StaticRegistry({"laptops": [server.address], "recommendations": [server.address]})
        async with built() as app, served(app, "marketplace", registry) as client:
            for path in ("/", "/laptops/7"):
                page = read(await client("GET", path))
                assert page.answer.status == 200
                assert "The catalogue cannot be reached" in page.text
            assert (await client("GET", "/health/ready")).status == 200


async def test_neighbours_that_were_killed_or_never_there_are_away(registry: discovery.StaticRegistry) -> None:
    with refusing() as address:
        killed = discovery.StaticRegistry({"laptops": [address], "recommendations": [address]})
        for neighbourhood in (killed, registry):
            async with built() as app, served(app, "marketplace", neighbourhood) as client:
                page = read(await client("GET", "/"))
                assert page.answer.status == 200
                assert "The catalogue cannot be reached" in page.text


async def test_a_quiet_word_of_the_recommendations_is_passed_on() -> None:
    async with opened(recommendations=says(SUGGESTED | {"notice": "prices are as of 12:03"})) as shop:
        page = await shop("/")

    assert "Recommended for you Prices are as of 12:03. Hartwell Forge 15" in page.text
