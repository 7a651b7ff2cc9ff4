from __future__ import annotations

from collections.abc import Callable

import pytest
from aiohttp import web
from sqlalchemy.engine import URL

import discovery
from services.laptops.table import SEED
from tests.services.support import build_laptops as build
from tests.services.support import build_ports, enrolled, served

LAPTOP = {"title": "Tarn Light 12", "model": "TL12-ARM-8-256"}
WHOLE = {**LAPTOP, "stock": 0, "price_cents": None, "currency": "EUR", "reserved": 0} | {
    "form": "clamshell",
    "screen_inches": None,
}
ANY = {"If-Match": "*"}


async def test_the_first_laptops_are_there_and_say_what_they_are(laptops_url: URL) -> None:
    async with served(build(laptops_url), "laptops") as client:
        answer = await client("GET", "/laptops")

    assert answer.status == 200
    assert len(answer.json) == len(SEED)
    assert answer.json[0] == {
        "id": 1,
        "title": "Merle Feather 13",
        "model": "MF13-G4-16-512",
        "stock": 42,
        "price_cents": 119_900,
        "currency": "EUR",
        "form": "clamshell",
        "screen_inches": 13,
        "reserved": 0,
    }
    assert {laptop["title"]: laptop["form"] for laptop in answer.json if laptop["form"] != "clamshell"} == {
        "Lumen Tab 11 Convertible": "convertible",
        "Tarn Rugged 14": "rugged",
    }


async def test_a_laptop_is_added_replaced_and_deleted(laptops_url: URL) -> None:
    async with served(build(laptops_url), "laptops") as client:
        added = await client("POST", "/laptops", json=LAPTOP)
        assert added.status == 201
        assert added.json == {"id": added.json["id"], **WHOLE}
        one = added.headers["Location"]
        assert one == f"/laptops/{added.json['id']}"

        priced = LAPTOP | {"stock": 5, "price_cents": 79_900, "currency": "GBP"}
        replaced = await client("PUT", one, json=priced, headers=ANY)
        assert (replaced.status, replaced.json) == (200, added.json | priced)
        assert (await client("PUT", one, json=LAPTOP, headers=ANY)).json == added.json, "what a PUT leaves out is gone"
        taken = await client("POST", "/laptops", json=LAPTOP)
        assert (taken.status, taken.fields) == (409, ["title", "model"])

        for _ in range(2):
            assert (await client("DELETE", one)).status == 204
        assert (await client("GET", one)).status == 404
        assert (await client("PUT", one, json=LAPTOP, headers=ANY)).status == 404


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("title=FORGE", [3, 8]),
        ("title=%25", []),
        ("title=_", []),
        ("model=LB12-ARM-16-512", [7]),
        ("model=LB12", []),
        ("limit=2&after=8", [9, 10]),
        ("price_min_cents=219900", [3, 6, 8]),
        ("price_max_cents=69900", [4, 9]),
        ("price_min_cents=84900&price_max_cents=119900&currency=EUR", [1, 5, 7]),
        ("price_min_cents=1&currency=USD", []),
        ("screen_max_inches=12", [7, 9]),
        ("screen_min_inches=13&screen_max_inches=14", [1, 4, 10]),
        ("screen_min_inches=17", [3]),
        ("sort=price&limit=3", [4, 9, 5]),
        ("sort=-price&limit=3", [3, 6, 8]),
        ("sort=-screen&limit=4", [3, 5, 6, 2]),
        ("sort=-id&limit=2", [10, 9]),
        ("sort=price&in_stock=true&screen_max_inches=13", [7, 1]),
        ("sort=price&after=4&at=54900&limit=2", [9, 5]),
        ("sort=price&after=9", [10]),
        ("sort=price&after=10", []),
        ("at=5&limit=1", [1]),
    ],
)
async def test_a_list_can_be_narrowed(laptops_url: URL, query: str, ids: list[int]) -> None:
    async with served(build(laptops_url), "laptops") as client:
        answer = await client("GET", f"/laptops?{query}")

    assert (answer.status, [laptop["id"] for laptop in answer.json]) == (200, ids)


@pytest.mark.parametrize("sort", ["price", "-price", "-screen", "-id"])
async def test_a_sorted_list_is_whole_page_by_page_whatever_is_equal_or_missing(laptops_url: URL, sort: str) -> None:
    async with served(build(laptops_url), "laptops") as client:
        for number, price in enumerate((54_900, 54_900, None, None)):
            unpriced = {"title": f"Tarn {number}", "model": "T", "price_cents": price}
            await client("POST", "/laptops", json=unpriced)
        whole = (await client("GET", f"/laptops?sort={sort}")).json
        found, path = [], f"/laptops?sort={sort}&limit=3"
        while path:
            answer = await client("GET", path)
            found += answer.json
            path = answer.headers.get("Link", "").partition(">")[0].removeprefix("<")

    assert found == whole
    assert sorted(laptop["id"] for laptop in found) == list(range(1, 15))


@pytest.mark.parametrize("query", ["sort=title", "at=-1", "at=2147483648", "price_min_cents=0", "screen_max_inches=31"])
async def test_an_order_or_a_bound_that_makes_no_sense_is_refused(laptops_url: URL, query: str) -> None:
    async with served(build(laptops_url), "laptops") as client:
        answer = await client("GET", f"/laptops?{query}")

    assert (answer.status, answer.fields) == (400, [query.partition("=")[0]])


async def test_a_laptop_is_read_with_its_ports(
    laptops_url: URL, ports_url: URL, registry: discovery.StaticRegistry
) -> None:
    async with (
        served(build_ports(ports_url), "ports", registry) as ports,
        served(build(laptops_url), "laptops", registry) as laptops,
    ):
        await enrolled(registry, "ports")
        answer = await laptops("GET", "/laptops/3")
        assert answer.status == 200
        assert answer.json["title"] == "Hartwell Forge 17"
        assert [port["name"] for port in answer.json["ports"]] == ["Rear barrel", "Rear USB-C"]
        assert answer.json["notice"] is None

        await ports("POST", "/ports", json={"name": "Left USB-C", "laptop": 3})
        assert len((await laptops("GET", "/laptops/3")).json["ports"]) == 3
        assert "ports" not in (await laptops("GET", "/laptops")).json[0]


async def test_without_the_ports_service_a_laptop_is_read_with_a_notice(laptops_url: URL) -> None:
    async with served(build(laptops_url), "laptops") as client:
        answer = await client("GET", "/laptops/3")

        assert answer.status == 200
        assert answer.json["title"] == "Hartwell Forge 17"
        assert answer.json["ports"] is None
        assert answer.json["notice"].startswith("the ports are missing")
        assert (await client("GET", "/health/ready")).status == 200


@pytest.mark.parametrize(
    "answer",
    [
        lambda: web.Response(status=500),
        lambda: web.Response(status=404),
        lambda: web.Response(status=503),
        lambda: web.json_response([], status=500),
        lambda: web.Response(text="<html>", content_type="text/html"),
        lambda: web.Response(text="[", content_type="application/json"),
        lambda: web.json_response({"ports": []}),
        lambda: web.Response(status=302, headers={"Location": "http://ports/elsewhere"}),
    ],
    ids=["500", "404", "503", "500 in JSON", "html", "half", "object", "redirect"],
)
async def test_whatever_the_ports_service_answers_a_laptop_is_read(
    laptops_url: URL, registry: discovery.StaticRegistry, answer: Callable[[], web.Response]
) -> None:
    async def odd(request: web.Request) -> web.Response:
        return answer()

    app = web.Application()
    app.router.add_get("/ports", odd)
    async with (
        served(app, "ports", registry),
        served(build(laptops_url), "laptops", registry) as client,
    ):
        await enrolled(registry, "ports")
        read = await client("GET", "/laptops/3")

    assert read.status == 200
    assert read.json["ports"] is None
    assert "ports are missing" in read.json["notice"]


async def test_a_laptop_with_more_ports_than_a_page_says_so(
    laptops_url: URL, registry: discovery.StaticRegistry
) -> None:
    async def many(request: web.Request) -> web.Response:
        return web.json_response([{"id": 1}], headers={"Link": '</ports?after=1>; rel="next"'})

    app = web.Application()
    app.router.add_get("/ports", many)
    async with (
        served(app, "ports", registry),
        served(build(laptops_url), "laptops", registry) as client,
    ):
        await enrolled(registry, "ports")
        read = await client("GET", "/laptops/3")

    assert read.json["ports"] == [{"id": 1}]
    assert read.json["notice"] == "only the first 1 ports are shown"


async def test_a_restart_keeps_the_data_and_two_instances_agree(laptops_url: URL) -> None:
    async with served(build(laptops_url), "laptops") as client:
        added = (await client("POST", "/laptops", json=LAPTOP)).json
    async with served(build(laptops_url), "laptops") as one, served(build(laptops_url), "laptops") as other:
        found = await one("GET", "/laptops?model=TL12-ARM-8-256")
        assert found.json == [added]
        await one("PUT", f"/laptops/{added['id']}", json=LAPTOP | {"stock": 9}, headers=ANY)
        assert (await other("GET", "/laptops?model=TL12-ARM-8-256")).json[0]["stock"] == 9


async def test_other_methods_are_told_which_there_are(laptops_url: URL) -> None:
    async with served(build(laptops_url), "laptops") as client:
        refused = await client("PATCH", "/laptops/1")
        options = await client("OPTIONS", "/laptops/1")

    assert (refused.status, refused.headers["Allow"]) == (405, "DELETE, GET, HEAD, OPTIONS, PUT")
    assert (options.status, options.headers["Allow"]) == (204, "DELETE, GET, HEAD, OPTIONS, PUT")
