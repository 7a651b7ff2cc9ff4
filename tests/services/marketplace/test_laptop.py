from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from aiohttp import web

import discovery
from discovery.observer import Observer
from observability.testing import recorded
from tests.services.marketplace.shop import FITTED, LOOKS, opened, read, says


async def test_a_laptop_is_shown_with_its_ports_by_the_side_they_are_on() -> None:
    async with opened() as shop:
        page = await shop("/laptops/7")

    assert page.answer.status == 200
    assert page.answer.headers["Cache-Control"] == "private, no-cache"
    assert shop.laptops.asked == ["/laptops/7"]
    facts = "Model LB12-ARM-16-512 Charging ports 2 Charges with up to 60 W"
    assert f"Lumen Book 12 €999 29 in stock Put into the basket {facts}" in page.text
    assert "On the left Left USB-C USB-C, up to 60 W" in page.text
    assert "Elsewhere MagLatch Magnetic, watts not known" in page.text
    assert "UTC, just now" in page.text


async def test_a_laptop_comes_with_recommendations_for_it() -> None:
    async with opened() as shop:
        page = await shop("/laptops/7", cookies={"customer": "somebody"})

    assert shop.recommendations.asked == ["/recommendations?customer=somebody&limit=4&laptop=7"]
    assert "Hartwell Forge 15" in page.text
    assert "Costs about the same" in page.text


async def test_a_laptop_without_ports_says_so() -> None:
    async with opened(laptops=says(FITTED | {"ports": []})) as shop:
        page = await shop("/laptops/7")

    assert "Charging ports 0" in page.text
    assert "No charging ports are known of this laptop." in page.text


async def test_more_ports_than_are_shown_are_told() -> None:
    async with opened(laptops=says(FITTED | {"notice": "only the first 50 ports are shown"})) as shop:
        page = await shop("/laptops/7")

    assert "Only the first 50 ports are shown." in page.text
    assert "Left USB-C" in page.text


@pytest.mark.parametrize("said", [web.json_response, web.Response], ids=["JSON", "nothing"])
async def test_no_such_laptop_is_a_page_too(said: Callable[..., web.Response]) -> None:
    async def nowhere(request: web.BaseRequest) -> web.Response:
        return said(status=404)

    async with opened(laptops=nowhere) as shop:
        page = await shop("/laptops/8")

        assert page.answer.status == 404
        assert "There is no such laptop" in page.text
        assert "/" in page.links
        assert shop.recommendations.looks.empty(), "nobody looked at anything"


async def test_a_look_is_told_once_a_page_came() -> None:
    async with opened() as shop:
        await shop("/laptops/7", cookies={"customer": "somebody"})
        async with asyncio.timeout(10):
            assert await shop.recommendations.looks.get() == {"customer": "somebody", "laptop": 7}
        (told,) = [request for request in shop.recommendations.requests if request.path == LOOKS]
        assert told.method == "POST"

        await shop("/", cookies={"customer": "somebody"})
        await shop.client("HEAD", "/laptops/7", cookies={"customer": "somebody"})
        assert shop.recommendations.looks.empty()


async def test_a_look_that_is_never_taken_delays_neither_the_page_nor_the_end_of_the_shop() -> None:
    taken = asyncio.Event()
    never = asyncio.Event()

    async def hang(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == LOOKS:
            taken.set()
            await never.wait()
        return web.json_response({"recommendations": []})

    async with asyncio.timeout(8), opened(recommendations=hang) as shop:
        page = await shop("/laptops/7")
        assert page.answer.status == 200
        async with asyncio.timeout(10):
            await taken.wait()


async def test_looks_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    # On a busy machine the first of them would be given up before the last page is there.
    monkeypatch.setattr("services.marketplace.looks._LIMIT_S", 60.0)

    async def hang(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == LOOKS:
            await asyncio.Event().wait()
        return web.json_response({"recommendations": []})

    def under_way() -> int:
        return sum(task.get_name() == "look" for task in asyncio.all_tasks())

    async with opened(recommendations=hang) as shop:
        while not under_way():  # on such a machine it takes some pages until the neighbours are found in time
            await shop("/laptops/7")
        await asyncio.gather(*(shop("/laptops/7") for _ in range(60)))
        assert under_way() == 32


@pytest.mark.parametrize("status", [400, 500, 503])
async def test_a_look_that_is_refused_is_forgotten(status: int) -> None:
    async with opened(recommendations=says({}, status=status)) as shop:
        assert (await shop("/laptops/7")).answer.status == 200
        assert (await shop("/laptops/7")).answer.status == 200


async def test_the_foot_names_the_instance_and_without_a_trace_no_trace() -> None:
    async with opened(console_url="http://127.0.0.1:4318") as shop:
        page = await shop("/")

    assert "Served by marketplace-1" in page.text
    assert page.all("code") == []
    assert not any("4318" in link for link in page.links)


@pytest.mark.parametrize("console_url", ["", "http://127.0.0.1:4318"])
async def test_the_foot_leads_to_the_trace_of_the_request(console_url: str) -> None:
    @contextmanager
    def observe(identity: discovery.Instance) -> Iterator[Observer]:
        with recorded(identity) as telling:
            yield telling.observer

    trace = "0af7651916cd43dd8448eb211c80319c"
    async with opened(console_url=console_url, observe=observe) as shop:
        headers = {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
        page = read(await shop.client("GET", "/laptops/7", headers=headers), console_url)
        look = await asyncio.wait_for(shop.recommendations.looks.get(), 10)

    assert f"trace {trace}" in page.text
    assert page.all("code") == [{}]
    assert [link for link in page.links if trace in link] == ([f"{console_url}/trace/{trace}"] if console_url else [])
    assert look["laptop"] == 7
    assert {request.headers["traceparent"].split("-")[1] for request in shop.recommendations.requests} == {trace}
