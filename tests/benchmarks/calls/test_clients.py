"""Every way of calling sends what it is told to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import count

import pytest
from aiohttp import web

from benchmarks.calls.clients import CLIENTS
from benchmarks.calls.load import Cell
from benchmarks.calls.servers import listening
from benchmarks.calls.worker import WrongAnswer, measured
from discovery.clock import SystemClock

Seen = list[tuple[str, str, int]]


@pytest.fixture
async def server() -> AsyncIterator[tuple[str, Seen]]:
    """A server that remembers what it was asked; yields its address."""
    seen: Seen = []

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        seen.append((request.method, request.path, len(await request.read())))
        return web.Response(body=b"y")

    async with listening(web.ServerRunner(web.Server(answer, access_log=None))) as address:
        yield address, seen


# Who observes sets up the log and the global providers of its process.
@pytest.mark.parametrize("name", [name for name in CLIENTS if name != "observed"])
async def test_a_client_sends_the_method_the_path_and_the_body(
    name: str, server: tuple[str, Seen], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_TOKEN", "token")
    address, seen = server

    async with CLIENTS[name](address) as send:
        statuses = [await send("GET", "/items/1", None), await send("POST", "/items/2", b"x" * 2048)]

    assert statuses == [200, 200]
    assert seen == [("GET", "/items/1", 0), ("POST", "/items/2", 2048)]


async def test_a_refusal_is_no_figure() -> None:
    async def send(method: str, path: str, body: bytes | None) -> int:
        return 503

    with pytest.raises(ExceptionGroup) as raised:
        await measured(send, Cell("GET", 1, unique=False), 1, count(1), SystemClock())
    assert raised.group_contains(WrongAnswer, match="503")


async def test_unique_paths_are_never_the_same_twice(server: tuple[str, Seen]) -> None:
    address, seen = server
    async with CLIENTS["plain"](address) as send:
        made = await measured(send, Cell("GET", 4, unique=True), 10, count(1), SystemClock())

    # As many for each of the four.
    assert made.calls == 8
    assert len({path for _, path, _ in seen}) == 8
