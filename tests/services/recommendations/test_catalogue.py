"""How the laptops come to be known, and what is done without them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import Connection, delete, update
from sqlalchemy.engine import URL

import discovery
from discovery.testing.clock import FakeClock
from services.kit.data.database import Database
from services.kit.events.event import MEDIA_TYPE
from services.recommendations import app, catalogue
from services.recommendations import laptops as shelf
from services.recommendations.app import SERVICE
from services.recommendations.catalogue import EVERY_S
from services.recommendations.model import Laptop
from services.recommendations.table import CATALOGUE, LAPTOPS
from tests.services.recommendations.laptops import Laptops, ids, known, later, one
from tests.services.support import build_laptops, enrolled, served
from tests.services.support import build_recommendations as build


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
            answer = await known(client, path="/recommendations?limit=20")

    assert sorted(ids(answer.json)) == [1, 2, 3]
    assert answer.json["notice"] is None
    assert laptops.asked == [f"/laptops?limit=100{after}" for after in ("", "&after=1", "&after=2")]


async def test_a_catalogue_without_end_is_cut_and_says_so(url: URL, registry: discovery.StaticRegistry) -> None:
    laptops = Laptops("MF13")
    link = {"Link": '</laptops?after=1>; rel="next"'}
    laptops.answer = lambda: web.json_response([one(len(laptops.asked), "MF13")], headers=link)
    async with served(laptops.app(), "laptops", registry):
        await enrolled(registry, "laptops")
        async with served(build(url), "recommendations", registry) as client:
            answer = await known(client, current=False, path="/recommendations?laptop=77")

    assert len(laptops.asked) == 10
    assert answer.json["notice"] == "only the first 10 laptops are considered"


def told(number: int, kind: str, **data: Any) -> str:
    """An event of the laptops."""
    return json.dumps(
        {
            "specversion": "1.0",
            "id": f"e{number}",
            "source": "laptops",
            "type": f"laptops.laptop.{kind}",
            "subject": f"laptops/{data['id']}",
            "time": "2033-11-14T22:13:20Z",
            "data": data,
        }
    )


async def test_what_changes_is_known_at_every_instance_without_asking_again(
    url: URL, registry: discovery.StaticRegistry
) -> None:
    laptops, headers = Laptops("MF13", "MF15"), {"Content-Type": MEDIA_TYPE}
    async with served(laptops.app(), "laptops", registry):
        await enrolled(registry, "laptops")
        async with (
            served(build(url), "recommendations", registry) as one_of_them,
            served(build(url), "recommendations", registry) as other,
        ):
            for client in (one_of_them, other):
                assert ids((await known(client)).json) == [1, 2]
            asked = len(laptops.asked)
            for event in (
                told(1, "added", **one(3, "HF15", form="rugged")),
                told(2, "changed", **one(1, "MF13", stock=0)),
                told(3, "deleted", id=2),
                told(2, "changed", **one(1, "MF13", stock=7)),
            ):
                assert (await one_of_them("POST", "/events", data=event, headers=headers)).status == 204
            for client in (one_of_them, other):
                answer = await known(client)
                assert ids(answer.json) == [3]
                assert answer.json["as_of"] == "2033-11-14T22:13:20+00:00"
                assert (await client("GET", "/recommendations/2")).status == 404
    assert len(laptops.asked) == asked


async def test_the_laptops_and_what_is_recommended_of_them_are_those_that_there_are(
    url: URL, laptops_url: URL, registry: discovery.StaticRegistry
) -> None:
    tags = ("takes-laptops",)
    draft = {"title": "Tarn Light 12", "model": "TL12", "stock": 2, "price_cents": 99_900}
    async with (
        served(build(url), "recommendations", registry, tags=tags) as client,
        served(build_laptops(laptops_url), "laptops", registry) as laptops,
    ):
        await enrolled(registry, "laptops", "recommendations")
        await known(client)

        async def until(stock: int | None, price: int | None = None) -> None:
            """Wait until it is recommended with so many in stock, or is not."""
            async with asyncio.timeout(30):
                while True:
                    found = (await known(client, path="/recommendations?limit=20")).json["recommendations"]
                    there = [each["laptop"] for each in found if each["laptop"]["title"] == draft["title"]]
                    if [(each["stock"], each["price_cents"]) for each in there] == ([(stock, price)] if stock else []):
                        return
                    await asyncio.sleep(0.02)  # noqa: TID251 - real time of two services

        added = await laptops("POST", "/laptops", json=draft)
        path = added.headers["Location"]
        await until(2, 99_900)
        cheaper = await laptops("PUT", path, json=draft | {"price_cents": 89_900}, headers={"If-Match": "*"})
        assert cheaper.status == 200
        await until(2, 89_900)
        for key in ("a", "b"):
            assert (await laptops("PUT", f"{path}/reservations/{key}", json={"quantity": 1})).status == 201
            assert (await laptops("POST", f"{path}/reservations/{key}/taken")).status == 200
        await until(None)
        assert (await laptops("DELETE", f"{path}/reservations/a")).status == 200
        await until(1, 89_900)
        assert (await laptops("DELETE", path)).status == 204
        await until(None)


async def test_who_finds_the_table_empty_waits_until_the_laptops_are_read_again(
    url: URL, registry: discovery.StaticRegistry
) -> None:
    laptops = Laptops("MF13", "MF15")

    def empty(connection: Connection) -> None:
        connection.execute(delete(LAPTOPS))
        connection.execute(update(CATALOGUE).values(as_of_s=None, changes=CATALOGUE.c.changes + 1))

    async with served(laptops.app(), "laptops", registry):
        await enrolled(registry, "laptops")
        clock = FakeClock()
        async with (
            served(build(url, discovery.Surroundings(clock=clock)), "recommendations", registry) as client,
            Database(url, SERVICE.home) as database,
        ):
            await known(client)
            asked = len(laptops.asked)
            await database.write(empty)
            first, second = await asyncio.gather(*(client("GET", "/recommendations") for _ in range(2)))
            assert ids(first.json) == ids(second.json) == [1, 2]
            assert len(laptops.asked) == asked + 1
            laptops.answer = lambda: web.Response(status=500)
            await database.write(empty)
            assert (await client("GET", "/recommendations")).status == 503
            asked = len(laptops.asked)
            assert (await client("GET", "/recommendations")).status == 503
            assert len(laptops.asked) == asked, "who does not answer is asked again when it is time"


async def test_how_long_a_page_may_take_is_what_an_operator_says_of_the_calls_to_laptops(
    url: URL, registry: discovery.StaticRegistry
) -> None:
    laptops, hurry = Laptops("MF13"), discovery.LiveSettings(timeout_s=0.00001, attempt_timeout_s=0.00001)
    async with served(laptops.app(), "laptops", registry):
        await enrolled(registry, "laptops")
        async with served(build(url), "recommendations", registry, routes={"laptops": hurry}) as client:
            assert (await client("GET", "/recommendations")).status == 503


async def test_what_is_told_while_they_are_read_is_not_forgotten(url: URL) -> None:
    def laptop(id: int, stock: int = 1) -> Laptop:
        return Laptop(id=id, title="a", model="b", stock=stock, price_cents=None, currency="EUR")

    def work(connection: Connection) -> None:
        shelf.keep(connection, laptop(9), 1.0)
        assert shelf.known(connection, None) is None, "all of them were never read"
        for again in range(2):
            began = shelf.changes(connection)
            read = [laptop(1), laptop(2), laptop(3)]
            shelf.drop(connection, 1, 10.0)
            shelf.keep(connection, laptop(2, stock=again), 10.0)
            shelf.keep(connection, laptop(4), 10.0)
            shelf.replace(connection, read, whole=True, began=began, at_s=5.0)
            found = shelf.known(connection, None)
            assert found is not None
            assert found.laptops == [laptop(2, stock=again), laptop(3), laptop(4)]
            assert shelf.known(connection, found) is found, "nothing has changed"
        shelf.drop(connection, 3, 20.0)
        shelf.replace(connection, [laptop(2)], whole=True, began=shelf.changes(connection), at_s=30.0)
        found = shelf.known(connection, found)
        assert found is not None
        assert (found.laptops, found.as_of_s) == ([laptop(2)], 30.0)

    async with Database(url, SERVICE.home) as database:
        await database.write(work)


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
            fresh = await known(client, path="/recommendations/1")
            assert fresh.headers["Cache-Control"] == "public, max-age=5"
            mine = await known(client, path="/recommendations/1?customer=me")
            assert mine.headers["Cache-Control"] == "private, max-age=5"
            laptops.answer = answer
            await later(clock)
            old = await known(client, current=False, path="/recommendations/1")
            assert ids(old.json) == [2]
            assert old.json["notice"] == "prices and stock may have changed since 22:13 UTC"
            assert old.json["as_of"] == "2023-11-14T22:13:20+00:00"
            assert old.headers["Cache-Control"] == "no-store"

            laptops.answer = lambda: web.json_response(laptops.laptops)
            await later(clock)
            await known(client, path="/recommendations/1")


async def test_laptops_that_do_not_answer_are_not_waited_for(
    url: URL, registry: discovery.StaticRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "_PATIENCE_S", 0.1)

    async def silent(_: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    slow = web.Application()
    slow.router.add_get("/laptops", silent)
    async with served(slow, "laptops", registry, stop_s=0.1):
        await enrolled(registry, "laptops")
        async with served(build(url), "recommendations", registry) as client:
            answers = await asyncio.gather(*(client("GET", "/recommendations") for _ in range(5)))

    assert {answer.status for answer in answers} == {503}


async def test_the_laptops_are_known_before_anybody_asked_and_after_a_restart_without_them(
    url: URL, registry: discovery.StaticRegistry
) -> None:
    laptops = Laptops("MF13")
    async with served(build(url), "recommendations", registry) as client:
        assert (await client("GET", "/recommendations")).status == 503
        async with served(laptops.app(), "laptops", registry):
            assert ids((await known(client)).json) == [1]
    async with served(build(url), "recommendations", registry) as client:
        answer = await known(client, current=False)

    assert ids(answer.json) == [1]
    assert "prices and stock may have changed since" in answer.json["notice"]


def test_who_does_not_answer_is_asked_again_soon_and_then_less_often() -> None:
    assert [catalogue.pause_s(failures, 0.5) for failures in (1, 2, 3, 6, 99)] == [0.5, 1.0, 2.0, 15.0, 15.0]
    assert (catalogue.pause_s(0, 0.0), catalogue.pause_s(0, 1.0)) == (0.75 * EVERY_S, 1.25 * EVERY_S)


def test_who_looked_before_the_laptops_were_read_does_not_have_them_read_again() -> None:
    database: Any = None
    followed = catalogue.Catalogue(database, discovery.Surroundings())
    followed.current, followed.readings = True, 1
    followed.tried.set()

    followed.lost(readings=0)
    assert (followed.current, followed.tried.is_set()) == (True, True)
    followed.lost(readings=1)
    assert (followed.current, followed.tried.is_set()) == (False, False)
