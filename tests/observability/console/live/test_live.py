"""News for pages that are open."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

import discovery
from discovery.testing.registry import FakeRegistry
from observability.console.app import build
from observability.console.live import live
from observability.console.settings import ConsoleSettings
from tests.observability.console.support import console, event
from tests.services.support import instance

SPAN = {"traceId": "ab" * 16, "spanId": "cd" * 8, "name": "x", "startTimeUnixNano": "1", "endTimeUnixNano": "2"}
TRACE = {"resourceSpans": [{"scopeSpans": [{"spans": [SPAN]}]}]}


async def test_a_listener_hears_at_once_what_there_is(tmp_path: Path) -> None:
    registry = FakeRegistry({"ports": ["127.0.0.1:5001"]})
    async with console(tmp_path, registry) as one, await one.listen() as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        assert stream.headers["Cache-Control"] == "no-store"
        document = await event(stream, "services")
        assert document == (await one("/data/services")).json | {"services": document["services"]}
        assert (await event(stream, "traces"))["stored"] == {"traces": 0, "spans": 0}


async def test_an_instance_that_comes_and_one_that_goes_is_news(tmp_path: Path) -> None:
    registry = FakeRegistry()
    async with console(tmp_path, registry) as one, await one.listen() as stream:

        async def heard(*expected: str) -> None:
            """Wait until the instances of ports are *expected*; an event of the regular kind comes every 5 s only."""
            async with asyncio.timeout(4):
                ids: list[str] = []
                while ids != [f"ports-{port}" for port in expected]:
                    services = (await event(stream, "services"))["services"]
                    ids = [each["id"] for one in services if one["name"] == "ports" for each in one["instances"]]

        registry.replace("ports", [instance("ports", 5001)])
        await heard("5001")
        registry.replace("ports", [instance("ports", 5001), instance("ports", 5002)])
        await heard("5001", "5002")
        registry.replace("ports", [instance("ports", 5002)])
        await heard("5002")


async def test_a_registry_that_goes_away_is_news(tmp_path: Path) -> None:
    registry = FakeRegistry()
    async with console(tmp_path, registry) as one, await one.listen() as stream:
        async with asyncio.timeout(4):
            while not (await event(stream, "services"))["registry"]["reachable"]:
                pass
            registry.fail(discovery.RegistryUnavailable("gone fishing"))
            while (await event(stream, "services"))["registry"] != {"reachable": False, "problem": "gone fishing"}:
                pass
        registry.heal()


async def test_what_was_stored_is_news(tmp_path: Path) -> None:
    async with console(tmp_path) as one, await one.listen() as stream:
        before = await event(stream, "traces")

        await one.client("POST", "/v1/traces", json=TRACE)

        after = await event(stream, "traces")
        assert after["sequence"] > before["sequence"]
        assert after["stored"] == {"traces": 1, "spans": 1}


async def test_there_is_room_for_so_many_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "LISTENERS_MAX", 2)
    async with console(tmp_path) as one, await one.listen() as first, await one.listen() as second:
        await event(first, "services")
        await event(second, "services")

        refused = await one("/data/live")

        assert (refused.status, refused.headers["Retry-After"]) == (503, "5")


async def test_nobody_who_leaves_waits_for_a_listener(tmp_path: Path) -> None:
    app = build(ConsoleSettings(path=tmp_path / "console.db"))
    config = discovery.MeshConfig(name="console", drain_s=0.0, stop_s=60.0)
    async with aiohttp.ClientSession() as session, asyncio.timeout(20):
        async with discovery.serving(app, config, registry=discovery.StaticRegistry()) as server:
            stream = await session.get(f"http://{server.instance.address}/data/live")
            await event(stream, "services")
        rest = await stream.read()

    assert b"event: traces" in rest, "the stream was ended, not broken off: reading it to its end did not raise"


async def test_a_listener_who_takes_nothing_is_dropped_and_holds_up_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_STALL_S", 0.2)
    told = live.Live(discovery.Surroundings())
    app = web.Application()

    async def first() -> dict[str, str]:
        told.tell("early", "2")
        return {"first": "1"}

    async def listen(request: web.Request) -> web.StreamResponse:
        return await told.stream(request, first)

    app.router.add_get("/live", listen)
    config = discovery.MeshConfig(name="console", drain_s=0.0)
    async with (
        discovery.serving(app, config, registry=discovery.StaticRegistry()) as server,
        aiohttp.ClientSession() as session,
        session.get(f"http://{server.instance.address}/live") as good,
        asyncio.timeout(20),
    ):
        assert await event(good, "first") == 1
        assert await event(good, "early") == 2, "nothing that is told meanwhile is missed"
        slow = socket.create_connection((server.instance.host, server.instance.port))
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        slow.sendall(b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        slow.setblocking(False)
        assert await asyncio.get_running_loop().sock_recv(slow, 15) == b"HTTP/1.1 200 OK"
        assert told.listeners == 2
        number = 0
        while told.listeners == 2:
            number += 1
            told.tell("much", f"{'x' * 2**20} {number}")
            heard = b""
            while not heard.endswith(f" {number}\n\n".encode()):
                heard = heard[-100:] + await good.content.readany()
        assert told.listeners == 1
        slow.close()
        told.close()
