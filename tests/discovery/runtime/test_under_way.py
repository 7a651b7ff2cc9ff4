"""A handler ends with its deadline and with its caller, once, and never in the midst of its cleaning up."""

from __future__ import annotations

import asyncio
from functools import partial
from types import SimpleNamespace
from typing import cast

import aiohttp
import pytest
from aiohttp import web
from aiohttp.typedefs import Handler

import discovery
from discovery import wire
from discovery.runtime.under_way import UnderWay
from discovery.runtime.uninterrupted import is_uninterrupted
from discovery.testing.clock import FakeClock
from discovery.testing.observer import RecordingObserver, RequestEnd
from discovery.testing.registry import FakeRegistry
from tests.discovery.runtime.support import an_app, left_behind, other_tasks, up

SECOND = {wire.DEADLINE: "1000"}


class Slow:
    """A handler that waits until it may go on, and takes its time to clean up."""

    def __init__(self) -> None:
        self.began, self.go_on = asyncio.Event(), asyncio.Event()
        self.cleaning, self.cleaned, self.may_end = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.ended: list[str] = []

    async def handle(self, request: web.Request) -> web.Response:
        self.began.set()
        try:
            await self.go_on.wait()
            self.ended.append("finished")
        except asyncio.CancelledError:
            self.ended.append("cancelled")
            raise
        finally:
            self.cleaning.set()
            await self.may_end.wait()
            self.cleaned.set()
        return web.Response(text="done")


async def test_a_handler_whose_caller_left_is_cancelled_and_cleans_up(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    slow = Slow()
    async with up(an_app(slow=slow.handle), registry, observer) as one:
        await left_behind(one, slow.began)
        await slow.cleaning.wait()
        assert not slow.cleaned.is_set()
        slow.may_end.set()
        await observer.until(lambda: not observer.unsettled())
        assert (slow.ended, slow.cleaned.is_set()) == (["cancelled"], True)
    assert [end for request in observer.requests for end in request.ends] == [RequestEnd(None, "/slow", "", None)]


async def test_a_handler_is_cancelled_at_its_deadline_and_its_caller_is_told(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    clock, slow = FakeClock(), Slow()
    slow.may_end.set()
    async with up(an_app(slow=slow.handle), registry, observer, clock) as one:
        asking = asyncio.create_task(asked(one.get("/slow", headers=SECOND)))
        await slow.began.wait()
        await clock.advance(0.99)
        assert slow.ended == []
        await clock.advance(0.02)
        assert await asking == (503, wire.NACK_EXPIRED)
        assert slow.ended == ["cancelled"]
        # The connection was kept, and nothing of the cancellation is left on it.
        slow.go_on.set()
        assert await asked(one.get("/slow")) == (200, None)
    assert observer.requests[0].ends == [RequestEnd(503, "/slow", wire.NACK_EXPIRED, None)]


async def asked(request: object) -> tuple[int, str | None]:
    async with request as response:  # type: ignore[attr-defined]
        return response.status, response.headers.get(wire.NACK)


@pytest.mark.parametrize("first", ["deadline", "hangs up"])
async def test_cleaning_up_is_not_cancelled_when_both_come(registry: FakeRegistry, first: str) -> None:
    clock, slow = FakeClock(), Slow()
    async with up(an_app(slow=slow.handle), registry, clock=clock) as one:
        asking = asyncio.create_task(asked(one.get("/slow", headers=SECOND)))
        await slow.began.wait()
        if first == "deadline":
            await clock.advance(1.1)
            asking.cancel()
        else:
            asking.cancel()
            await slow.cleaning.wait()
            await clock.advance(1.1)
        await asyncio.wait([asking])
        await slow.cleaning.wait()
        for _ in range(10):
            await clock.settle()
        slow.may_end.set()
        await slow.cleaned.wait()
    assert slow.ended == ["cancelled"]


async def test_the_earliest_of_many_deadlines_comes_first(registry: FakeRegistry) -> None:
    clock, waiting = FakeClock(), asyncio.Semaphore(0)

    async def never(request: web.Request) -> web.Response:
        waiting.release()
        await asyncio.Event().wait()
        raise AssertionError

    async with up(an_app(never=never), registry, clock=clock) as one:
        ms = [3000, 1000, 2000]
        asking = [asyncio.create_task(asked(one.get("/never", headers={wire.DEADLINE: str(each)}))) for each in ms]
        for _ in ms:
            await waiting.acquire()
        for each in (asking[1], asking[2], asking[0]):
            await clock.advance(1.001)
            assert await each == (503, wire.NACK_EXPIRED)
            asking.remove(each)
            assert not any(other.done() for other in asking)


async def test_an_answer_that_began_is_cut_off_at_the_deadline(registry: FakeRegistry) -> None:
    clock, began = FakeClock(), asyncio.Event()

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"first")
        began.set()
        await asyncio.Event().wait()
        return response

    async with (
        up(an_app(endless=endless), registry, clock=clock) as one,
        one.get("/endless", headers=SECOND) as response,
    ):
        await began.wait()
        await clock.advance(1.1)
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()


@discovery.uninterrupted
async def marked(request: web.Request) -> web.Response:
    return web.Response()


async def unmarked(request: web.Request) -> web.Response:
    return web.Response()


@discovery.uninterrupted
class MarkedView(web.View):
    async def get(self) -> web.Response:
        return web.Response()


class HalfMarkedView(web.View):
    async def get(self) -> web.Response:
        return web.Response()

    @discovery.uninterrupted
    async def post(self) -> web.Response:
        return web.Response()


@pytest.mark.parametrize(
    ("handler", "method", "expected"),
    [
        (marked, "GET", True),
        (unmarked, "GET", False),
        (partial(marked), "GET", True),
        (partial(partial(unmarked)), "GET", False),
        (partial(discovery.uninterrupted(partial(unmarked))), "GET", True),
        (MarkedView, "GET", True),
        (MarkedView, "POST", True),
        (HalfMarkedView, "GET", False),
        (HalfMarkedView, "POST", True),
        (HalfMarkedView, "BREW", False),
    ],
)
def test_a_function_a_view_and_a_method_can_be_marked(handler: object, method: str, expected: bool) -> None:
    assert is_uninterrupted(handler, method) is expected


@pytest.mark.parametrize("why", ["deadline", "hangs up"])
async def test_a_marked_handler_finishes(registry: FakeRegistry, why: str) -> None:
    clock, slow = FakeClock(), Slow()
    slow.may_end.set()

    @discovery.uninterrupted
    async def transfer(request: web.Request) -> web.Response:
        return await slow.handle(request)

    async with up(an_app(slow=transfer), registry, clock=clock) as one:
        if why == "hangs up":
            await left_behind(one, slow.began)
            await clock.settle()
            slow.go_on.set()
        else:
            asking = asyncio.create_task(asked(one.get("/slow", headers=SECOND)))
            await slow.began.wait()
            await clock.advance(1.1)
            slow.go_on.set()
            assert await asking == (200, None)
        await slow.cleaned.wait()
    assert slow.ended == ["finished"]


async def test_a_marked_handler_ends_with_the_process_at_the_latest(registry: FakeRegistry) -> None:
    slow = Slow()
    slow.may_end.set()
    handler: Handler = discovery.uninterrupted(partial(slow.handle))
    async with up(an_app(slow=handler), registry, stop_s=0.2) as one:
        await left_behind(one, slow.began)
    assert slow.ended == ["cancelled"]
    assert not other_tasks()


async def test_all_who_wait_for_the_last_one_are_told_of_it() -> None:
    clock = FakeClock()
    under_way = UnderWay(clock)
    requests = [cast(web.Request, SimpleNamespace(protocol=object())) for _ in range(2)]
    works = [under_way.begin(request, None) for request in requests]
    waiting = [asyncio.create_task(under_way.idle()) for _ in range(2)]
    await clock.settle()
    for work in works:
        assert not any(task.done() for task in waiting)
        under_way.end(work)
    await asyncio.gather(*waiting)
    await under_way.idle()
