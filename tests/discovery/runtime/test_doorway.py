"""Requests come in before routing; should that not work with an aiohttp, it is told, and a middleware takes them in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from discovery import wire
from discovery.runtime import doorway
from discovery.testing.clock import FakeClock
from discovery.testing.observer import RecordingObserver, RequestEnd
from discovery.testing.registry import FakeRegistry
from tests.discovery.runtime.support import an_app, left_behind, other_tasks, up

BEGUN, MADE, LOST = web.Server.__init__, web.RequestHandler.__init__, web.RequestHandler.connection_lost

Changed = Callable[[pytest.MonkeyPatch], None]


def is_gone(changed: pytest.MonkeyPatch) -> None:
    """The server keeps its handler under another name."""

    def begin(self: Any, handler: Any, **more: Any) -> None:
        BEGUN(self, handler, **more)
        self.inner = self.__dict__.pop("request_handler")

    def make(self: Any, manager: Any, **more: Any) -> None:
        manager.request_handler = manager.inner
        MADE(self, manager, **more)
        del manager.request_handler

    changed.setattr(web.Server, "__init__", begin)
    changed.setattr(web.RequestHandler, "__init__", make)


def is_passed_by(changed: pytest.MonkeyPatch) -> None:
    """A connection does not ask the server for its handler."""

    def begin(self: Any, handler: Any, **more: Any) -> None:
        BEGUN(self, handler, **more)
        self.inner = handler

    def make(self: Any, manager: Any, **more: Any) -> None:
        MADE(self, manager, **more)
        self._request_handler = manager.inner

    changed.setattr(web.Server, "__init__", begin)
    changed.setattr(web.RequestHandler, "__init__", make)


def tells_nobody(changed: pytest.MonkeyPatch) -> None:
    """A connection that is lost tells the server's class."""

    def lose(self: Any, exc: BaseException | None) -> None:
        if self._manager is not None:
            self._manager.__dict__.pop("connection_lost", None)
        LOST(self, exc)

    changed.setattr(web.RequestHandler, "connection_lost", lose)


CHANGES = [
    pytest.param(is_gone, "request_handler", id="gone"),
    pytest.param(is_passed_by, "a request did not come by, or its end", id="passed by"),
    pytest.param(tells_nobody, "a request did not come by, or its end", id="tells nobody"),
]


async def ok(request: web.Request) -> web.Response:
    return web.Response(text="ok")


@pytest.mark.parametrize(("change", "why"), CHANGES)
async def test_a_rehearsal_that_goes_wrong_is_told_and_requests_come_in_all_the_same(
    registry: FakeRegistry,
    observer: RecordingObserver,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    change: Changed,
    why: str,
) -> None:
    change(monkeypatch)
    began, go_on, clock = asyncio.Event(), asyncio.Event(), FakeClock()
    ended: list[str] = []

    async def slow(request: web.Request) -> web.Response:
        began.set()
        try:
            await go_on.wait()
            ended.append("finished")
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        return web.Response()

    async with up(an_app(ok=ok, slow=slow), registry, observer, clock) as one:
        async with one.get("/ok") as response:
            assert (response.status, response.headers[wire.INSTANCE]) == (200, one.server.instance.id)
        async with one.get("/nowhere") as response:
            assert response.status == 404
        async with one.get("/ok", headers={wire.DEADLINE: "0"}) as response:
            assert (response.status, response.headers[wire.NACK]) == (503, wire.NACK_EXPIRED)
        late = asyncio.create_task(left_behind(one, asyncio.Event(), headers={wire.DEADLINE: "1000"}))
        await began.wait()
        await clock.advance(1.1)
        await observer.until(lambda: not observer.unsettled())
        late.cancel()
        began.clear()
        await left_behind(one, began)
        go_on.set()
        await observer.until(lambda: not observer.unsettled())
    assert ended == ["cancelled", "finished"]
    assert [end for request in observer.requests for end in request.ends][:4] == [
        RequestEnd(200, "/ok", "", None),
        RequestEnd(404, "", "", None),
        RequestEnd(503, "/ok", wire.NACK_EXPIRED, None),
        RequestEnd(503, "/slow", wire.NACK_EXPIRED, None),
    ]
    (told,) = [record.getMessage() for record in caplog.records if record.name == doorway.__name__]
    assert told.startswith(f"aiohttp {aiohttp.__version__} is not known before its routing")
    assert why in told


async def test_with_this_aiohttp_nothing_is_told_and_no_middleware_is_put_in(
    registry: FakeRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    app = an_app(ok=ok)
    async with up(app, registry) as one, one.get("/ok") as response:
        assert response.status == 200
    assert (list(app.middlewares), [each for each in caplog.records if each.name == doorway.__name__]) == ([], [])


async def test_the_rehearsal_leaves_nothing_running() -> None:
    runner = web.AppRunner(web.Application())
    await doorway.set_up(runner, lambda handle: handle, lambda connection, transport: None, lambda connection: None)
    await runner.cleanup()
    assert other_tasks() == set()
