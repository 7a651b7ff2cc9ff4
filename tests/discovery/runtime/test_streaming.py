"""Bodies of 100 MB pass in both directions, by every door, in a few of memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from discovery.live_settings import LiveSettings
from discovery.testing.observer import RecordingObserver
from discovery.testing.registry import FakeRegistry
from tests.discovery.runtime.support import DOORS, Door, a_mesh, busy_connections, up

PIECE = bytes(256 * 1024)
PIECES = 400
SIZE = PIECES * len(PIECE)

# aiohttp lets a few pieces wait on either side.
MOST = 12_000_000

Body = Callable[[Path, ExitStack], Any]


@contextmanager
def in_little_memory() -> Iterator[None]:
    tracemalloc.start(1)
    try:
        before, _ = tracemalloc.get_traced_memory()
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak - before < MOST


def generated(folder: Path, files: ExitStack) -> AsyncIterator[bytes]:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(PIECES):
            yield PIECE

    return pieces()


def a_file(folder: Path, files: ExitStack) -> Any:
    path = folder / "big"
    with path.open("wb") as file:
        file.truncate(SIZE)
    return files.enter_context(path.open("rb"))


async def counted(request: web.Request) -> web.Response:
    size = 0
    async for piece in request.content.iter_any():
        size += len(piece)
    return web.Response(text=str(size))


async def big(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    response.content_length = SIZE
    await response.prepare(request)
    for _ in range(PIECES):
        await response.write(PIECE)
    return response


def an_app() -> web.Application:
    app = web.Application()
    app.router.add_post("/up", counted)
    app.router.add_get("/down", big)
    return app


PATIENT = LiveSettings(timeout_s=110, attempt_timeout_s=110)
OPTIONS: dict[str, Any] = {"timeout": aiohttp.ClientTimeout(total=110)}


@pytest.mark.parametrize("body", [generated, a_file])
@pytest.mark.parametrize("door", DOORS)
async def test_a_big_body_goes_up(
    registry: FakeRegistry, observer: RecordingObserver, door: Door, body: Body, tmp_path: Path
) -> None:
    async with a_mesh(registry, observer, live=PATIENT) as mesh, up(an_app(), registry):
        with ExitStack() as files, in_little_memory():
            async with door(mesh, "POST", "/up", data=body(tmp_path, files), **OPTIONS) as response:
                assert await response.text() == str(SIZE)
        assert busy_connections(mesh) == 0
    assert observer.unsettled() == []


@pytest.mark.parametrize("door", DOORS)
async def test_a_big_answer_comes_down(registry: FakeRegistry, observer: RecordingObserver, door: Door) -> None:
    async with a_mesh(registry, observer, live=PATIENT) as mesh, up(an_app(), registry):
        size = 0
        with in_little_memory():
            async with door(mesh, "GET", "/down", **OPTIONS) as response:
                async for piece in response.content.iter_any():
                    size += len(piece)
        assert (size, busy_connections(mesh)) == (SIZE, 0)
    assert observer.unsettled() == []
