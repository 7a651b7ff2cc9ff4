"""What the world is led to follows what the services say of themselves."""

from __future__ import annotations

import logging

import pytest
from aiohttp import web

import discovery
from discovery.testing.clock import FakeClock
from tests.services.gateway.documents import Talking, talking, written
from tests.services.gateway.doors import build
from tests.services.support import Client, served

FAST = discovery.LiveSettings(timeout_s=0.5, attempt_timeout_s=0.2)


async def status(client: Client, method: str, path: str) -> int:
    return (await client(method, path)).status


async def becomes(client: Client, method: str, path: str, wanted: int) -> None:
    """Wait until that is the answer."""
    while await status(client, method, path) != wanted:
        await FakeClock().settle()


async def test_a_service_has_the_paths_that_its_document_names_and_no_others(
    registry: discovery.StaticRegistry,
) -> None:
    inside = {"POST /ports/{id}/sold": {"x-inside": True}}
    ports = Talking(written("GET /ports", "GET /port", "POST /ports/{id}/sold", secure=inside))
    async with talking(registry, "ports", v1=ports), served(build(), "gateway", registry) as client:
        assert (await client("GET", "/api/port?x=1")).text == "/port?x=1"
        refused = await client("PUT", "/api/ports")
        assert (refused.status, refused.fields, refused.headers["Allow"]) == (405, [], "GET, OPTIONS")
        told = await client("OPTIONS", "/api/ports")
        assert (told.status, told.headers["Allow"]) == (204, "GET, OPTIONS")
        for spelled in ("/api/ports/7/sold", "/api/ports/%37/sold", "/api/ports/7/s%6Fld", "/api/ports/7/sold?x"):
            assert await status(client, "POST", spelled) == 404
            assert await status(client, "OPTIONS", spelled) == 404
        for path in ("health/ready", "mesh/views", "metrics", "ports/"):
            assert await status(client, "GET", f"/api/{path}") in {400, 404}

    assert ports.asked == ["GET /port?x=1"]


async def test_during_an_update_the_paths_of_both_versions_are_there_all_the_time(
    registry: discovery.StaticRegistry,
) -> None:
    old, new = Talking(written("GET /ports")), Talking(written("GET /ports", "GET /ports/new"))
    async with talking(registry, "ports", v1=old) as before, served(build(), "gateway", registry) as client:
        assert await status(client, "GET", "/api/ports") == 200
        assert await status(client, "GET", "/api/ports/new") == 404
        async with talking(registry, "ports", v2=new) as after:
            registry.replace("ports", [*before, *after])
            await becomes(client, "GET", "/api/ports/new", 200)
            assert await status(client, "GET", "/api/ports") == 200
            registry.replace("ports", after)
            assert await status(client, "GET", "/api/ports") == 200
            registry.replace("ports", before)
            await becomes(client, "GET", "/api/ports/new", 404)


async def test_what_is_known_already_is_not_read_again(registry: discovery.StaticRegistry) -> None:
    ports = Talking(written("GET /ports"))
    async with talking(registry, "ports", v1=ports) as instances, served(build(), "gateway", registry) as client:
        assert await status(client, "GET", "/api/ports") == 200
        registry.replace("ports", [])
        await FakeClock().settle()
        registry.replace("ports", instances)
        assert await status(client, "GET", "/api/ports") == 200

    assert ports.read == 1


async def test_a_service_that_is_away_keeps_its_paths(registry: discovery.StaticRegistry) -> None:
    ports = Talking(written("GET /ports", "PUT /ports/{id}"))
    async with served(build(), "gateway", registry, live=FAST) as client:
        async with talking(registry, "ports", v1=ports):
            assert await status(client, "GET", "/api/ports") == 200
        registry.replace("ports", [])
        await FakeClock().settle()
        assert await status(client, "GET", "/api/ports") in {502, 503}
        assert await status(client, "PATCH", "/api/ports/7") == 405


async def test_that_nothing_is_here_is_not_said_of_a_listed_service_that_was_not_there_yet(
    registry: discovery.StaticRegistry,
) -> None:
    laptops = Talking(written("GET /laptops"))
    async with (
        talking(registry, "laptops", v1=laptops),
        served(build(), "gateway", registry, live=FAST) as client,
    ):
        # As after a registry that has lost its memory, to which not all have come back.
        assert await status(client, "GET", "/api/laptops") == 200
        for path in ("/api/ports", "/api/ports/7"):
            assert await status(client, "GET", path) == 503
        async with talking(registry, "ports", v1=Talking(written("GET /ports"))):
            await becomes(client, "GET", "/api/ports", 200)
            assert await status(client, "GET", "/api/ports/7") == 404


@pytest.mark.parametrize("broken", [b"", b"<html>", b"[]", b'{"openapi": "3.1.0", "paths": {"/{all}": {"get": {}}}}'])
async def test_a_broken_document_is_told_and_what_was_known_stays(
    registry: discovery.StaticRegistry, broken: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        talking(registry, "ports", v1=Talking(written("GET /ports"))) as before,
        served(build(), "gateway", registry) as client,
    ):
        assert await status(client, "GET", "/api/ports") == 200
        wrong = Talking(broken)
        async with talking(registry, "ports", v2=wrong) as after:
            registry.replace("ports", after)
            while not wrong.read:
                await FakeClock().settle()
            assert await status(client, "GET", "/api/ports") == 200
            registry.replace("ports", before)

    assert "the document of ports could not be read, what it said before stays" in caplog.text


@pytest.mark.parametrize("answer", [Talking(b"what?"), Talking(b"", 500), Talking(b"", 403)])
async def test_as_long_as_nothing_is_known_of_a_service_nobody_is_led_to_it(
    registry: discovery.StaticRegistry, answer: Talking, caplog: pytest.LogCaptureFixture
) -> None:
    async with talking(registry, "ports", v1=answer), served(build(), "gateway", registry, live=FAST) as client:
        for path in ("/api/ports", "/api/port", "/api/ports/1"):
            refused = await client("GET", path)
            assert (refused.status, refused.fields, refused.headers["Retry-After"]) == (503, [], "2")

    assert answer.asked == []
    assert "the document of ports could not be read, nobody is led to it until then" in caplog.text


async def test_a_document_without_end_is_not_read_to_its_end(registry: discovery.StaticRegistry) -> None:
    async with (
        talking(registry, "ports", v1=Talking(b"[" * 4 * 1024**2)),
        served(build(), "gateway", registry) as client,
    ):
        assert await status(client, "GET", "/api/ports") == 503


async def test_a_document_that_is_not_in_its_encoding_is_told_and_asked_for_again(
    registry: discovery.StaticRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    class Odd(Talking):
        coding = "gzip"

        async def __call__(self, request: web.BaseRequest) -> web.Response:
            answer = await super().__call__(request)
            if request.path == "/openapi.json" and self.coding:
                answer.headers["Content-Encoding"] = self.coding
            return answer

    ports = Odd(written("GET /ports"))
    async with talking(registry, "ports", v1=ports), served(build(), "gateway", registry, live=FAST) as client:
        assert await status(client, "GET", "/api/ports") == 503
        ports.coding = ""
        await becomes(client, "GET", "/api/ports", 200)

    assert "the document of ports could not be read" in caplog.text


async def test_a_conflict_is_refused_told_once_and_shown(
    registry: discovery.StaticRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    accounts = Talking(written("POST /token"))
    evil = Talking(written("GET /ports", "POST /token", "GET /health"))
    async with (
        talking(registry, "accounts", v1=accounts),
        talking(registry, "ports", v1=evil) as instances,
        served(build(listed=("accounts", "ports")), "gateway", registry) as client,
    ):
        assert await status(client, "POST", "/api/token") == 200
        assert await status(client, "GET", "/api/ports") == 200
        registry.replace("ports", [])
        await FakeClock().settle()
        registry.replace("ports", instances)
        await FakeClock().settle()
        refused = (await client("GET", "/api")).json["refused"]

    assert (accounts.asked, evil.asked) == (["POST /token"], ["GET /ports"])
    assert refused == [
        "ports wants the prefix /token, which belongs to accounts: its paths there are left out",
        "ports wants the prefix /health, which is the gateway's own: its paths there are left out",
    ]
    for refusal in refused:
        assert [record.message for record in caplog.records].count(refusal) == 1


async def test_who_registers_without_being_listed_is_not_asked_for_anything(
    registry: discovery.StaticRegistry,
) -> None:
    evil = Talking(written("GET /evil", "POST /token"))
    async with talking(registry, "evil", v1=evil), served(build(), "gateway", registry) as client:
        assert await status(client, "POST", "/api/evil") == 404
        # Which is that of accounts, who may come any time.
        assert await status(client, "POST", "/api/token") == 503

    assert (evil.asked, evil.read) == ([], 0)


async def test_references_into_another_prefix_of_the_same_service_are_seen(
    registry: discovery.StaticRegistry,
) -> None:
    class Moving(Talking):
        async def __call__(self, request: web.BaseRequest) -> web.Response:
            answer = await super().__call__(request)
            answer.headers["Location"] = request.query.get("to", "/")
            return answer

    ports = Moving(written("GET /ports", "GET /port/{id}"))
    async with talking(registry, "ports", v1=ports), served(build(), "gateway", registry) as client:
        seen = await client("GET", "/api/ports?to=/port/7")
        hidden = await client("GET", "/api/ports?to=/openapi.json")

    assert seen.headers["Location"] == "/api/port/7"
    assert "Location" not in hidden.headers
