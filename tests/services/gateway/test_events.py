"""Streams of events through the gateway: they outlast a call, and end when it leaves."""

from __future__ import annotations

import asyncio
from random import Random

import aiohttp
import pytest
from aiohttp import web

import discovery
from discovery import wire
from services.gateway import events
from tests.services.gateway.doors import build
from tests.services.support import behind, instance, served

ASKED = {"Accept": "text/event-stream"}


class Ticker:
    """Says what it is told to say, and remembers how it was asked."""

    def __init__(self, kind: str = "text/event-stream") -> None:
        self.requests: list[web.BaseRequest] = []
        self.says: asyncio.Queue[bytes] = asyncio.Queue()
        self.over = asyncio.Event()
        self._kind = kind

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requests.append(request)
        response = web.StreamResponse(headers={"Content-Type": self._kind})
        await response.prepare(request)
        try:
            while said := await self.says.get():
                await response.write(said)
        finally:
            self.over.set()
        return response

    async def ended(self) -> None:
        async with asyncio.timeout(10):
            await self.over.wait()


async def test_each_event_passes_when_it_comes(registry: discovery.StaticRegistry) -> None:
    ticker = Ticker()
    async with (
        behind(registry, "ticks", ticker),
        served(build(), "gateway", registry) as client,
        client.session.get(f"http://{client.address}/api/ticks", headers=ASKED) as response,
    ):
        assert response.content_type == "text/event-stream"
        for said in (b"data: 1\n\n", b"data: 2\n\n"):
            ticker.says.put_nowait(said)
            assert await response.content.readany() == said
        ticker.says.put_nowait(b"")
        assert await response.content.readany() == b""
    await ticker.ended()


async def test_no_time_is_set_for_a_stream(registry: discovery.StaticRegistry) -> None:
    ticker = Ticker()
    for _ in range(2):
        ticker.says.put_nowait(b"")
    async with behind(registry, "ticks", ticker), served(build(), "gateway", registry) as client:
        await client("GET", "/api/ticks", headers=ASKED)
        await client("GET", "/api/ticks")
    assert [wire.DEADLINE in request.headers for request in ticker.requests] == [False, True]


async def test_its_head_has_to_come_in_time(
    registry: discovery.StaticRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "HEAD_S", 0.05)

    async def silent(request: web.BaseRequest) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    async with behind(registry, "ticks", silent), served(build(), "gateway", registry) as client:
        answer = await client("GET", "/api/ticks", headers=ASKED)
        assert (answer.status, answer.fields) == (504, [])
        registry.replace("ticks", [instance("ticks", 1)])
        assert (await client("GET", "/api/ticks", headers=ASKED)).status in {502, 504}
        assert (await client("GET", "/api/nobody", headers=ASKED)).status == 404


async def test_a_client_that_leaves_ends_it(registry: discovery.StaticRegistry) -> None:
    ticker = Ticker()
    async with behind(registry, "ticks", ticker), served(build(), "gateway", registry) as client:
        async with client.session.get(f"http://{client.address}/api/ticks", headers=ASKED) as response:
            ticker.says.put_nowait(b"data: 1\n\n")
            await response.content.readany()
        await ticker.ended()


async def test_it_ends_as_if_by_itself_when_the_gateway_leaves(registry: discovery.StaticRegistry) -> None:
    ticker = Ticker()
    async with aiohttp.ClientSession() as session, behind(registry, "ticks", ticker):
        async with served(build(), "gateway", registry, stop_s=60.0) as client:
            response = await session.get(f"http://{client.address}/api/ticks", headers=ASKED)
            ticker.says.put_nowait(b"data: 1\n\n")
            assert await response.content.readany() == b"data: 1\n\n"
        assert await response.content.readany() == b"", "no error: it is whole"
        await ticker.ended()


async def test_it_ends_at_a_moment_of_its_own_within_the_drain(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    class Clock:
        async def sleep(self, seconds: float) -> None:
            slept.append(seconds)

    monkeypatch.setattr(events, "_CLOCK", Clock())
    monkeypatch.setattr(events, "_RNG", Random(1))
    leaving = asyncio.Event()
    leaving.set()
    for _ in range(3):
        await events._moment(leaving, 5.0)
    assert len(set(slept)) == 3
    assert all(0 <= seconds < 5 for seconds in slept)


async def test_any_other_answer_is_finished_when_the_gateway_leaves(registry: discovery.StaticRegistry) -> None:
    ticker = Ticker("text/csv")
    async with aiohttp.ClientSession() as session, behind(registry, "ticks", ticker):
        async with served(build(), "gateway", registry, stop_s=60.0) as client:
            response = await session.get(f"http://{client.address}/api/ticks")
            ticker.says.put_nowait(b"one\n")
            assert await response.content.readany() == b"one\n"
            for said in (b"two\n", b""):
                ticker.says.put_nowait(said)
        assert await response.read() == b"two\n"


async def test_one_that_breaks_off_is_not_passed_on_as_whole(registry: discovery.StaticRegistry) -> None:
    ticker = Ticker()
    async with (
        behind(registry, "ticks", ticker),
        served(build(), "gateway", registry) as client,
        client.session.get(f"http://{client.address}/api/ticks", headers=ASKED) as response,
    ):
        ticker.says.put_nowait(b"data: 1\n\n")
        await response.content.readany()
        transport = ticker.requests[0].transport
        assert transport is not None
        transport.abort()
        with pytest.raises(aiohttp.ClientError):
            await response.content.readany()
