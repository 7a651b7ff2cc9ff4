from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web

import discovery
from observability.config import LogFormat
from observability.lines import formatter
from services.gateway.edge import access
from services.gateway.edge.rate import parse
from services.gateway.edge.settings import EdgeSettings
from tests.services.gateway.answers import breaking_off, endless
from tests.services.gateway.documents import Talking, talking, written
from tests.services.gateway.doors import build
from tests.services.support import Client, Echo, Handler, behind, served


class Log(logging.Handler):
    """Keeps the records of the access log, and tells when there are so many."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []
        self._more = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)
        self._more.set()

    async def __call__(self, count: int = 1) -> list[dict[str, Any]]:
        async with asyncio.timeout(10):
            while len(self.records) < count:
                self._more.clear()
                await self._more.wait()
        assert len(self.records) == count
        return [vars(record) for record in self.records]


@asynccontextmanager
async def logged(
    registry: discovery.StaticRegistry,
    handler: Handler | None = None,
    rate: str = "200/s",
    app: web.Application | None = None,
) -> AsyncIterator[tuple[Client, Log]]:
    log, logger = Log(), logging.getLogger("gateway.access")
    logger.addHandler(log)
    before = logger.level
    logger.setLevel(logging.INFO)
    try:
        async with (
            behind(registry, "echo", handler or Echo()),
            served(app or build(EdgeSettings(access_log=parse(rate))), "gateway", registry, edge=True) as client,
        ):
            yield client, log
    finally:
        logger.removeHandler(log)
        logger.setLevel(before)


async def test_a_request_is_one_record_without_what_nobody_should_read(registry: discovery.StaticRegistry) -> None:
    secret = {"Authorization": "Bearer s3cret", "Cookie": "a=s3cret", "User-Agent": "test/1.0"}
    async with logged(registry) as (client, log):
        answer = await client("POST", "/api/echo/s3cret/x?token=s3cret", headers=secret, data=b"s3cret")
        (record,) = await log()

    assert answer.status == 200
    assert record["msg"] == "request"
    assert {name: record[name] for name in ("method", "route", "status", "client", "user_agent", "request_id")} == {
        "method": "POST",
        "route": "/api/echo/*",
        "status": 200,
        "client": "127.0.0.1",
        "user_agent": "test/1.0",
        "request_id": answer.headers["X-Request-Id"],
    }
    assert record["bytes"] > len("s3cret")
    assert record["duration_ms"] >= 0
    assert "s3cret" not in str(record)


@pytest.mark.parametrize(
    ("path", "status", "route"),
    [
        ("/api", 200, "/api"),
        ("/api/s3cret", 404, "/api/*"),
        ("/basket", 503, "/basket"),
        ("/", 503, "/"),
        ("/laptop/s3cret", 503, "/laptop/*"),
        ("/S3cret0/x", 503, "/*/*"),
        ("/s3cret//", 400, ""),
    ],
)
async def test_a_route_is_told_and_not_what_a_stranger_wrote(
    registry: discovery.StaticRegistry, path: str, status: int, route: str
) -> None:
    async with logged(registry) as (client, log):
        await client("GET", path)
        (record,) = await log()

    assert (record["status"], record["route"]) == (status, route)


async def test_a_client_that_leaves_before_its_answer_is_a_499(registry: discovery.StaticRegistry) -> None:
    came, goes = asyncio.Event(), asyncio.Event()

    async def silent(request: web.BaseRequest) -> web.Response:
        came.set()
        await goes.wait()
        return web.Response()

    async with logged(registry, silent) as (client, log):
        _, writer = await asyncio.open_connection(client.server.instance.host, client.server.instance.port)
        writer.write(b"GET /api/echo/x HTTP/1.1\r\nHost: gw\r\n\r\n")
        await came.wait()
        writer.close()
        (record,) = await log()
        goes.set()

    assert (record["status"], record["bytes"]) == (499, None)


async def test_a_client_that_leaves_amid_its_answer_is_a_499_and_no_failure_of_ours(
    registry: discovery.StaticRegistry,
) -> None:
    failures: list[Exception] = []

    @web.middleware
    async def watching(request: web.Request, handler: Any) -> web.StreamResponse:
        try:
            answer: web.StreamResponse = await handler(request)
        except Exception as error:
            failures.append(error)
            raise
        return answer

    app = build()
    app.middlewares.insert(0, watching)
    async with logged(registry, endless, app=app) as (client, log):
        async with client.session.get(f"http://{client.address}/api/echo/x") as response:
            await response.content.read(10)
            response.close()
        (record,) = await log()

    assert (record["status"], failures, "broke_off" in record) == (499, [], False)


async def test_the_route_is_the_path_as_the_document_names_it(registry: discovery.StaticRegistry) -> None:
    said = written("GET /laptops/{id}/ports", "GET /laptops")
    async with talking(registry, "laptops", v1=Talking(said)), logged(registry) as (client, log):
        for path in ("/api/laptops/s3cret/ports", "/api/laptops", "/api/laptops/s3cret"):
            await client("GET", path)
        records = await log(3)

    assert [record["route"] for record in records] == ["/api/laptops/{id}/ports", "/api/laptops", "/api/*"]


async def test_a_stream_of_events_is_recorded_at_its_end_as_it_began(registry: discovery.StaticRegistry) -> None:
    goes = asyncio.Event()

    async def events(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"data: x\n\n")
        await goes.wait()
        return response

    async with logged(registry, events) as (client, log):
        url = f"http://{client.address}/api/echo/x"
        async with client.session.get(url, headers={"Accept": "text/event-stream"}) as response:
            await response.content.readline()
            assert log.records == []
            assert response.headers["X-Request-Id"]
        (record,) = await log()
        goes.set()

    assert record["status"] == 200


async def test_a_websocket_is_recorded_at_its_end(registry: discovery.StaticRegistry) -> None:
    async def chat(request: web.BaseRequest) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(message.data)
        return socket

    async with logged(registry, chat) as (client, log):
        async with client.session.ws_connect(f"ws://{client.address}/api/echo/x") as socket:
            await socket.send_str("hello")
            assert await socket.receive_str() == "hello"
            assert log.records == []
        (record,) = await log()

    assert (record["status"], record["route"]) == (101, "/api/echo/*")


@pytest.mark.parametrize("form", list(LogFormat))
async def test_nobody_can_write_a_line_of_his_own(registry: discovery.StaticRegistry, form: LogFormat) -> None:
    agent = 'x" \u2028\x85\t{"event": "forged"}' + "a" * 5000
    async with logged(registry) as (client, log):
        await client.raw(f"GET /x HTTP/1.1\r\nHost: gw\r\nUser-Agent: {agent}\r\nConnection: close\r\n\r\n".encode())
        await log()

    line = formatter(client.server.instance, form).format(log.records[0])
    assert "\n" not in line
    assert line.isprintable()
    assert len(line) < 1000
    if form is LogFormat.JSON:
        assert json.loads(line)["event"] == "request"


async def test_it_can_be_switched_off_and_requests_keep_their_names(registry: discovery.StaticRegistry) -> None:
    async with logged(registry, rate="off") as (client, log):
        answer = await client("GET", "/api/echo/x")

    assert answer.headers["X-Request-Id"]
    assert log.records == []


@pytest.mark.parametrize("length", [1_000_000, None], ids=["with a length", "in chunks"])
async def test_of_an_answer_that_breaks_off_as_much_is_told_as_went_out(
    registry: discovery.StaticRegistry, length: int | None
) -> None:
    async with logged(registry, breaking_off(length)) as (client, log):
        with pytest.raises(aiohttp.ClientError):
            await client("GET", "/api/echo/x")
        (record,) = await log()

    assert (record["status"], 100_000 < record["bytes"] < 101_000) == (200, True)
    assert record["broke_off"] == "ClientPayloadError"


async def test_records_are_bounded_and_those_left_out_are_counted(
    registry: discovery.StaticRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(access, "_now", lambda: now)
    async with logged(registry, rate="3/m") as (client, log):
        for _ in range(10):
            await client("GET", "/api/echo/x")
        await log(3)
        now = 20.0
        await client("GET", "/api/echo/x")
        records = await log(4)

    assert [record.get("left_out") for record in records] == [None, None, None, 7]
