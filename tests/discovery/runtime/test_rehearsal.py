"""Both ways are in use: should the short one not work with an aiohttp, it is told, and calls go through the session."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest
from aiohttp.client_proto import ResponseHandler

from discovery.config import MeshConfig
from discovery.runtime import rehearsal
from discovery.runtime.direct import Direct
from discovery.runtime.line import Like
from discovery.runtime.outgoing import Through
from discovery.runtime.pool import Pool
from discovery.runtime.trust import Trust
from discovery.testing.observer import RecordingObserver
from discovery.testing.peer import peer
from discovery.testing.registry import FakeRegistry
from tests.discovery.runtime.support import Door, a_mesh, by_mesh, by_public, by_service


def gone(*_: Any, **__: Any) -> Any:
    raise AttributeError("no such thing any more")


def adds_nothing(*_: Any) -> None:
    """What each request says is not said."""


# What a new aiohttp may have changed.
CHANGES = [
    pytest.param(ResponseHandler, "set_response_params", gone, "no such thing any more", id="a method is gone"),
    pytest.param(aiohttp.ClientResponse, "start", gone, "no such thing any more", id="of the answer"),
    pytest.param(Like, "update_auto_headers", adds_nothing, "another request than was asked for", id="others are sent"),
]


OPTIONS: list[dict[str, Any]] = [
    {},
    {"params": {"a": 1}},
    {"data": b"x"},
    {"json": {}},
    {"headers": {"X": "1"}, "timeout": 3, "attempts": 1},
    {"skip_auto_headers": ["User-Agent"], "data": b"x"},
]


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> list[type]:
    """By which way each request went."""
    went: list[type] = []
    for way in (Direct, Through):

        async def send(self: Any, *arguments: Any, way: Any = way, original: Any = way.send) -> aiohttp.ClientResponse:
            went.append(way)
            answer: aiohttp.ClientResponse = await original(self, *arguments)
            return answer

        monkeypatch.setattr(way, "send", send)
    return went


@pytest.mark.parametrize(("of", "name", "now", "why"), CHANGES)
async def test_a_rehearsal_that_goes_wrong_is_told_and_calls_go_through_the_session(
    registry: FakeRegistry,
    observer: RecordingObserver,
    ways: list[type],
    caplog: pytest.LogCaptureFixture,
    of: type,
    name: str,
    now: Any,
    why: str,
) -> None:
    async with AsyncExitStack() as stack, peer(registry, "ports") as one:
        with pytest.MonkeyPatch.context() as changed:
            changed.setattr(of, name, now)
            mesh = await stack.enter_async_context(a_mesh(registry, observer))
        ways.clear()
        async with mesh.get("http://ports/"):
            pass
        async with mesh.service("ports").post("/", json={"a": 1}):
            pass
        assert [each.body for each in one.received] == [b"", b'{"a": 1}']
    assert ways == [Through, Through]
    (told,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert told.startswith(f"aiohttp {aiohttp.__version__} is not known below its session, calls go through it")
    assert why in told


@pytest.mark.parametrize(("door", "way"), [(by_mesh, Direct), (by_service, Direct), (by_public, Through)])
async def test_each_door_takes_the_shortest_way_that_does_what_it_asks(
    registry: FakeRegistry, observer: RecordingObserver, ways: list[type], door: Door, way: type
) -> None:
    async with a_mesh(registry, observer) as mesh, peer(registry, "ports"):
        ways.clear()
        for options in OPTIONS:
            async with door(mesh, "PUT", "/", **options):
                pass
    assert ways == [way] * len(OPTIONS)


async def test_the_rehearsal_leaves_nothing_open() -> None:
    async with Pool(1.0, Trust(MeshConfig(name="tests"))) as pool:
        assert await rehearsal.goes_well(pool)
