"""What an operator asks of an instance that he makes misbehave: to be late, with an answer of its own or without."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from discovery import wire
from discovery.observer import SettingsChanged
from discovery.runtime.faults import Fault
from discovery.testing.clock import FakeClock
from discovery.testing.observer import RecordingObserver, RequestEnd
from discovery.testing.registry import FakeRegistry
from tests.discovery.runtime.support import Up, an_app, up


async def ok(request: web.Request) -> web.Response:
    return web.Response(text="ok")


async def status(asking: object) -> tuple[int, str | None]:
    async with asking as response:  # type: ignore[attr-defined]
        return response.status, response.headers.get(wire.NACK)


@asynccontextmanager
async def late(registry: FakeRegistry, observer: RecordingObserver, clock: FakeClock, fault: str) -> AsyncIterator[Up]:
    registry.set_values({"mesh/ports/fault": fault})
    async with up(an_app(ok=ok), registry, observer, clock, faults=True) as one:
        await observer.until(lambda: bool(observer.told(SettingsChanged)))
        yield one


async def waits(observer: RecordingObserver) -> None:
    """Until the request has come in, and waits."""
    await observer.until(lambda: bool(observer.requests))


@pytest.mark.parametrize(
    ("fault", "answer"), [('{"late_s": 3}', 200), ('{"late_s": 3, "status": 503, "share": 1}', 503)]
)
async def test_an_instance_may_be_late_and_then_handles_or_refuses(
    registry: FakeRegistry, observer: RecordingObserver, fault: str, answer: int
) -> None:
    clock = FakeClock()
    async with late(registry, observer, clock, fault) as one:
        asking = asyncio.create_task(status(one.get("/ok")))
        await waits(observer)
        await clock.advance(2.9)
        assert not asking.done()
        await clock.advance(0.2)
        assert await asking == (answer, None)
        async with one.get(wire.READY_PATH) as response:
            assert response.status == 200


async def test_a_request_that_waits_ends_with_its_deadline(registry: FakeRegistry, observer: RecordingObserver) -> None:
    clock = FakeClock()
    async with late(registry, observer, clock, '{"late_s": 600}') as one:
        asking = asyncio.create_task(status(one.get("/ok", headers={wire.DEADLINE: "1000"})))
        await waits(observer)
        await clock.advance(1.1)
        assert await asking == (503, wire.NACK_EXPIRED)
    assert observer.requests[0].ends == [RequestEnd(503, "/ok", wire.NACK_EXPIRED, None)]


async def test_a_request_that_waits_ends_with_its_caller(registry: FakeRegistry, observer: RecordingObserver) -> None:
    clock = FakeClock()
    async with late(registry, observer, clock, '{"late_s": 600}') as one:
        asking = asyncio.create_task(status(one.get("/ok")))
        await waits(observer)
        asking.cancel()
        await observer.until(lambda: not observer.unsettled())
    assert [end for request in observer.requests for end in request.ends] == [RequestEnd(None, "/ok", "", None)]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('{"late_s": 0.5}', Fault(None, late_s=0.5)),
        ('{"late_s": 600, "share": 0.1, "instance": "p1"}', Fault(None, "p1", 0.1, 600)),
        ('{"late_s": 2, "status": 500}', Fault(500, late_s=2)),
        ('{"status": 500}', Fault(500)),
    ],
)
def test_a_fault_is_a_status_or_a_time_or_both(text: str, fault: Fault) -> None:
    assert Fault.parse(text) == fault


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"late_s": 0}', "a status, late_s or both are needed"),
        ('{"share": 0.5}', "a status, late_s or both are needed"),
        ('{"late_s": -1}', "late_s must be above 0 and at most 600, got -1.0"),
        ('{"late_s": 601}', "late_s must be above 0 and at most 600, got 601.0"),
        ('{"late_s": NaN}', "late_s must be above 0 and at most 600, got nan"),
        ('{"late_s": true}', "expected numbers as share and late_s"),
        ('{"late_s": "2"}', "expected numbers as share and late_s"),
        ('{"status": 503, "late_s": null}', "expected numbers as share and late_s"),
    ],
)
def test_a_time_that_makes_no_sense_is_refused_in_words(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Fault.parse(text)
