from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy.engine import URL

import discovery
from discovery.testing.clock import FakeClock
from services.gateway.app import build as build_gateway
from services.kit.data.database import file_url
from tests.services.recommendations.laptops import Laptops, ids, known, later
from tests.services.support import Client, build_laptops, enrolled, locked, served
from tests.services.support import build_recommendations as build

LOOKS = "/recommendations/looks"
SEEN = {"customer": "me", "laptop": 3}


async def test_a_customer_beside_a_laptop_is_told_what_to_look_at_and_why(
    url: URL, laptops_url: URL, registry: discovery.StaticRegistry
) -> None:
    async with served(build_laptops(laptops_url), "laptops", registry):
        await enrolled(registry, "laptops")
        async with served(build(url), "recommendations", registry) as client:
            await known(client)
            answer = await client("GET", "/recommendations?customer=customer-1&laptop=3")

    assert answer.status == 200
    assert answer.json["notice"] is None
    assert answer.json["as_of"].endswith("+00:00")
    first = answer.json["recommendations"][0]
    assert first["laptop"] == {
        "id": 8,
        "title": "Hartwell Forge 15",
        "model": "HF15-R7-32-1T",
        "stock": 14,
        "price_cents": 219_900,
        "currency": "EUR",
    }
    assert 0.5 < first["score"] < 1
    assert first["reasons"][:2] == [
        {"kind": "family", "text": "From the same family as Hartwell Forge 17"},
        {"kind": "together", "text": "Customers who looked at Hartwell Forge 17 looked at this, too"},
    ]
    assert first["reasons"][-1] == {"kind": "stock", "text": "In stock and ready for you"}


async def test_every_first_laptop_has_recommendations_with_more_to_say_than_that_they_are_in_stock(
    url: URL, laptops_url: URL, registry: discovery.StaticRegistry
) -> None:
    async with served(build_laptops(laptops_url), "laptops", registry):
        await enrolled(registry, "laptops")
        async with served(build(url), "recommendations", registry) as client:
            await known(client)
            for laptop in range(1, 11):
                answer = await client("GET", f"/recommendations/{laptop}")
                assert len(answer.json["recommendations"]) == 3
                assert not {laptop, 9} & set(ids(answer.json)), "9 is sold out"
                assert all(len(each["reasons"]) > 1 for each in answer.json["recommendations"])
            anybody = await client("GET", "/recommendations?limit=20")
            assert len(anybody.json["recommendations"]) == 9
            assert anybody.json["recommendations"][0]["reasons"][0]["text"] == "Popular at the moment"


async def test_what_was_looked_at_counts_at_every_instance_and_after_a_restart(
    url: URL, registry: discovery.StaticRegistry
) -> None:
    laptops = Laptops("A1", "B1", "MF13", "MF15")
    async with served(laptops.app(), "laptops", registry):
        await enrolled(registry, "laptops")
        async with (
            served(build(url), "recommendations", registry) as mine,
            served(build(url), "recommendations", registry) as other,
        ):
            for _ in range(2):
                looked = await mine("POST", LOOKS, json=SEEN)
                assert (looked.status, looked.text) == (204, "")
            answer = await other("GET", "/recommendations?customer=me&limit=1")
            assert answer.json["recommendations"][0]["reasons"][0] == {
                "kind": "looked",
                "text": "You looked at this today",
            }
        async with served(build(url), "recommendations", registry) as client:
            await known(client)
            answer = await client("GET", "/recommendations?customer=me&laptop=3&limit=1")
            assert ids(answer.json) == [4]


async def test_a_laptop_can_also_be_named_by_the_path(url: URL, registry: discovery.StaticRegistry) -> None:
    async with served(Laptops("MF13", "MF15", "HF15").app(), "laptops", registry):
        await enrolled(registry, "laptops")
        async with served(build(url), "recommendations", registry) as client:
            await known(client)
            by_query = await client("GET", "/recommendations?customer=me&limit=2&laptop=1")
            by_path = await client("GET", "/recommendations/1?customer=me&limit=2")
            assert by_path.json["recommendations"] == by_query.json["recommendations"]
            both = await client("GET", "/recommendations/1?laptop=2")
            assert (both.status, both.fields) == (400, ["laptop"])


@pytest.mark.parametrize("path", ["/recommendations?laptop=77", "/recommendations/77"])
async def test_a_laptop_that_does_not_exist_is_a_404_that_names_the_field(
    url: URL, registry: discovery.StaticRegistry, path: str
) -> None:
    clock = FakeClock()
    laptops = Laptops("MF13")
    async with served(laptops.app(), "laptops", registry):
        await enrolled(registry, "laptops")
        async with served(build(url, discovery.Surroundings(clock=clock)), "recommendations", registry) as client:
            await known(client)
            answer = await client("GET", path)
            assert (answer.status, answer.fields) == (404, ["laptop"])
            laptops.answer = lambda: web.Response(status=500)
            await later(clock)
            old = await known(client, current=False, path=path)
            assert ids(old.json) == [1], "it may be new"


async def test_without_any_catalogue_it_is_a_503_and_the_instance_ready(url: URL) -> None:
    async with served(build(url), "recommendations") as client:
        for path in ("/recommendations", "/recommendations?laptop=1&customer=me", "/recommendations/1"):
            answer = await client("GET", path)
            assert (answer.status, answer.fields, answer.headers["Retry-After"]) == (503, [], "1")
        assert (await client("POST", LOOKS, json=SEEN)).status == 204
        assert (await client("GET", "/health/ready")).status == 200


async def test_a_locked_database_refuses_looks_and_still_recommends(
    tmp_path: Path, registry: discovery.StaticRegistry
) -> None:
    url = file_url(tmp_path / "looks.db")
    async with served(Laptops("MF13").app(), "laptops", registry):
        await enrolled(registry, "laptops")
        async with served(build(url), "recommendations", registry) as client:
            await known(client)
            async with locked(url):
                refused = await client("POST", LOOKS, json=SEEN)
                assert (refused.status, refused.fields, refused.headers["Retry-After"]) == (503, [], "1")
                assert (await client("GET", "/recommendations")).status == 200
            assert (await client("POST", LOOKS, json=SEEN)).status == 204


QUERIES = [
    ("limit=0", ["limit"]),
    ("limit=21", ["limit"]),
    ("limit=", ["limit"]),
    ("limit=%D9%A3", ["limit"]),
    ("laptop=0", ["laptop"]),
    ("laptop=-1", ["laptop"]),
    ("laptop=first", ["laptop"]),
    ("laptop=2147483648", ["laptop"]),
    ("customer=", ["customer"]),
    ("customer=a%20b", ["customer"]),
    ("customer=a%0A", ["customer"]),
    ("customer=%3Cscript%3E", ["customer"]),
    ("customer=%C3%A9", ["customer"]),
    ("customer=" + "x" * 65, ["customer"]),
    ("customer=a&customer=b", ["customer"]),
    ("colour=red", ["colour"]),
    ("after=1", ["after"]),
]


@pytest.mark.parametrize(("query", "fields"), QUERIES)
async def test_a_query_that_makes_no_sense_is_a_400_that_names_the_parameter(
    url: URL, query: str, fields: list[str]
) -> None:
    async with served(build(url), "recommendations") as client:
        answer = await client("GET", f"/recommendations?{query}")

    assert (answer.status, answer.fields) == (400, fields)
    assert "script" not in answer.text


WRONG: list[tuple[str, Any]] = [
    ("customer", None),
    ("customer", ""),
    ("customer", "a b"),
    ("customer", "a\n"),
    ("customer", "é"),
    ("customer", "\ud800"),
    ("customer", "x" * 65),
    ("customer", 7),
    ("laptop", None),
    ("laptop", "3"),
    ("laptop", 3.0),
    ("laptop", True),
    ("laptop", 0),
    ("laptop", 2**31),
    ("times", 100),
    ("last_s", 0),
]


async def refused(client: Client, status: int, body: bytes, **headers: str) -> list[str]:
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = await client("POST", LOOKS, data=body, headers=headers, skip_auto_headers=["Content-Type"])
    assert answer.status == status, (body[:40], answer)
    return answer.fields


async def test_a_look_that_is_none_is_refused_and_what_is_wrong_is_named(url: URL) -> None:
    plain = "application/json"
    async with served(build(url), "recommendations") as client:
        for member, value in WRONG:
            fields = await refused(client, 422, json.dumps(SEEN | {member: value}).encode(), Content_Type=plain)
            assert fields == [member]
        assert await refused(client, 422, b"{}", Content_Type=plain) == ["customer", "laptop"]
        assert await refused(client, 422, b"[]", Content_Type=plain) == [""]
        await refused(client, 400, b"{", Content_Type=plain)
        await refused(client, 400, b'{"laptop": NaN}', Content_Type=plain)
        await refused(client, 415, b"customer=a&laptop=3", Content_Type="application/x-www-form-urlencoded")
        await refused(client, 415, b"{}")
        await refused(client, 413, b" " * (64 * 1024 + 1), Content_Type=plain)
        await refused(client, 413, gzip.compress(b" " * 5_000_000), Content_Type=plain, Content_Encoding="gzip")


@pytest.mark.parametrize("path", ["/recommendations/0", "/recommendations/x", "/recommendations/1/", "/looks"])
async def test_other_paths_are_a_404(url: URL, path: str) -> None:
    async with served(build(url), "recommendations") as client:
        answer = await client("GET", path)

    assert (answer.status, answer.fields) == (404, [])


async def test_other_methods_are_told_which_there_are(url: URL) -> None:
    async with served(build(url), "recommendations") as client:
        for path, allow in [("/recommendations", "GET, HEAD, OPTIONS"), (LOOKS, "OPTIONS, POST")]:
            answer = await client("DELETE", path)
            assert (answer.status, answer.headers["Allow"], answer.fields) == (405, allow, [])


async def test_the_gateway_leads_here(url: URL, laptops_url: URL, registry: discovery.StaticRegistry) -> None:
    async with (
        served(build_laptops(laptops_url), "laptops", registry),
        served(build(url), "recommendations", registry),
    ):
        await enrolled(registry, "laptops", "recommendations")
        async with served(build_gateway(), "gateway", registry) as gateway:
            for path in next(
                each["try"]
                for each in (await gateway("GET", "/api")).json["services"]
                if each["service"] == "recommendations"
            ):
                assert len((await gateway("GET", path)).json["recommendations"]) == 3
            assert (await gateway("POST", f"/api{LOOKS}", json=SEEN)).status in {404, 405}, "looks are for peers"
