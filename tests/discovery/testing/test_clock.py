"""The clock that stands still."""

from __future__ import annotations

import asyncio

import pytest

from discovery.clock import Clock
from discovery.testing.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


async def test_it_is_a_clock(clock: FakeClock) -> None:
    assert isinstance(clock, FakeClock)
    as_clock: Clock = clock
    before = as_clock.now(), as_clock.wall()
    await clock.advance(2.5)
    assert (as_clock.now(), as_clock.wall()) == (before[0] + 2.5, before[1] + 2.5)


async def test_sleepers_wake_in_order_and_not_before_their_time(clock: FakeClock) -> None:
    woken: list[tuple[str, float]] = []

    async def sleep(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, clock.now() - 1000))

    async with asyncio.TaskGroup() as group:
        for name, seconds in (("late", 3), ("early", 1), ("at once", 0)):
            group.create_task(sleep(name, seconds))
        await clock.advance(0.9)
        assert woken == [("at once", 0)]
        assert clock.sleepers == 2
        await clock.advance(5)
    assert woken == [("at once", 0), ("early", 1), ("late", 3)]
    assert (clock.sleepers, clock.now()) == (0, 1005.9)


async def test_who_sleeps_again_within_the_advance_wakes_again_within_it(clock: FakeClock) -> None:
    ticks: list[float] = []

    async def tick() -> None:
        while True:
            await clock.sleep(10)
            ticks.append(clock.now() - 1000)

    task = asyncio.create_task(tick())
    await clock.advance(35)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert ticks == [10, 20, 30]
    assert clock.sleepers == 0


async def test_a_timeout_ends_what_takes_too_long(clock: FakeClock) -> None:
    async def wait() -> str:
        try:
            async with clock.timeout(5):
                await asyncio.Event().wait()
        except TimeoutError:
            return "timed out"
        return "done"

    waiting = asyncio.create_task(wait())
    await clock.advance(4.9)
    assert not waiting.done()
    await clock.advance(0.1)
    assert waiting.result() == "timed out"


async def test_a_timeout_that_is_left_in_time_rings_no_more(clock: FakeClock) -> None:
    for seconds in (5, None):
        async with clock.timeout(seconds):
            await clock.settle()
    assert clock.sleepers == 0
    await clock.advance(10)


async def test_timeouts_nest(clock: FakeClock) -> None:
    async def wait() -> str:
        async with clock.timeout(10):
            try:
                async with clock.timeout(1):
                    await clock.sleep(100)
            except TimeoutError:
                return f"inner at {clock.now() - 1000:g}"
        return "none"

    waiting = asyncio.create_task(wait())
    await clock.advance(20)
    assert waiting.result() == "inner at 1"


async def test_a_cancelled_sleeper_is_forgotten(clock: FakeClock) -> None:
    sleeping = asyncio.create_task(clock.sleep(10))
    await clock.settle()
    sleeping.cancel()
    await clock.settle()
    assert (sleeping.cancelled(), clock.sleepers) == (True, 0)
