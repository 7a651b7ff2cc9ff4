"""What a client may take of a gateway: how much, how many, and how slowly."""

from __future__ import annotations

import asyncio
import logging
import resource

import pytest
from aiohttp import web

import discovery
from discovery.web import body
from services.gateway import descriptors, entrance, headers
from tests.services.gateway.doors import build
from tests.services.support import Echo, behind, served


@pytest.mark.parametrize(("more", "status"), [(0, 200), (1, 431)])
async def test_headers_have_a_limit_together(registry: discovery.StaticRegistry, more: int, status: int) -> None:
    said = {f"X-{number}": "e" * 4093 for number in range(8)}
    said["X-7"] += "e" * more
    async with behind(registry, "echo", Echo()), served(build(), "gateway", registry, edge=True) as client:
        lines = [f"{name}: {value}" for name, value in said.items()]
        assert sum(len(line) - 2 for line in lines) == headers.MOST_BYTES + more
        head = "\r\n".join(["GET /api/echo HTTP/1.1", "Host: gw", "Connection: close", *lines, "", ""])
        answer = await client.raw(head.encode())

    assert answer.startswith(f"HTTP/1.1 {status}".encode())


async def test_no_more_requests_are_under_way_than_may_be(
    registry: discovery.StaticRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entrance, "MOST_IN_FLIGHT", 2)
    came, go_on = asyncio.Semaphore(0), asyncio.Event()

    async def wait(request: web.BaseRequest) -> web.Response:
        came.release()
        await go_on.wait()
        return web.Response()

    async with behind(registry, "echo", wait), served(build(), "gateway", registry, edge=True) as client:
        waiting = [asyncio.create_task(client("GET", "/api/echo/x")) for _ in range(2)]
        for _ in range(2):
            await came.acquire()
        refused = await client("GET", "/api/echo/x")
        assert (refused.status, refused.headers["Retry-After"], refused.fields) == (503, "5", [])
        assert (await client("GET", "/health/live")).status == 200, "questions about health are always answered"
        go_on.set()
        assert [(await answer).status for answer in waiting] == [200, 200]
        assert (await client("GET", "/api/echo/x")).status == 200


async def test_a_body_that_drips_is_given_up_while_others_are_served(
    registry: discovery.StaticRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body, "GRACE_S", 0.2)
    async with behind(registry, "echo", Echo()), served(build(), "gateway", registry, edge=True) as client:
        reader, writer = await asyncio.open_connection(client.server.instance.host, client.server.instance.port)
        writer.write(b"POST /api/echo/x HTTP/1.1\r\nHost: gw\r\nContent-Length: 100000\r\n\r\nx")
        assert (await client("POST", "/api/echo/x", data=b"whole")).text == "whole"
        async with asyncio.timeout(10):
            assert (await reader.readline()).startswith(b"HTTP/1.1 408")
        writer.close()


@pytest.mark.parametrize(
    "before", [b"", b"GET /health/live HTTP/1.1\r\nHost: gw\r\n\r\n"], ids=["the first", "a later"]
)
async def test_a_head_that_drips_is_given_up(
    registry: discovery.StaticRegistry, monkeypatch: pytest.MonkeyPatch, before: bytes
) -> None:
    monkeypatch.setattr("discovery.runtime.site._EDGE_KEEPALIVE_S", 0.2)
    async with served(build(), "gateway", registry, edge=True) as client:
        answer = await client.raw(before + b"GET /api/echo HTTP/1.1\r\nHost: gw\r\nX-Slow: ")

    assert answer.count(b"HTTP/1.1") == before.count(b"GET"), "it is closed, and what is half is not answered"


def test_a_process_asks_for_the_descriptors_that_its_connections_take(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: asked.append(limits))
    for limits in [(1024, 100_000), (1024, resource.RLIM_INFINITY), (100_000, 100_000)]:
        monkeypatch.setattr(resource, "getrlimit", lambda _, limits=limits: limits)
        descriptors.raise_limit()
    assert asked == [(descriptors.NEEDED, 100_000), (descriptors.NEEDED, resource.RLIM_INFINITY)]
    assert caplog.records == []

    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 4096))
    with caplog.at_level(logging.WARNING):
        descriptors.raise_limit()
    assert asked[-1] == (4096, 4096)
    assert "MESH_MAX_CONNECTIONS" in caplog.text
