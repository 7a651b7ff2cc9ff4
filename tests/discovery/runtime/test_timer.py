"""The timer of a call: who is woken, who is not, and how few alarms that takes."""

from __future__ import annotations

import asyncio

import pytest

from discovery.runtime.timer import Timer, Timers
from discovery.testing.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def timers(clock: FakeClock) -> Timers:
    return Timers(clock)


async def hang(timer: Timer) -> None:
    with timer:
        await asyncio.Event().wait()


async def hanging(timer: Timer, clock: FakeClock) -> asyncio.Task[None]:
    task = asyncio.create_task(hang(timer))
    await clock.settle()
    return task


@pytest.mark.parametrize("usual", [False, True])
async def test_who_waits_in_its_block_is_woken_when_the_time_is_over(
    clock: FakeClock, timers: Timers, usual: bool
) -> None:
    timer = Timer(timers)
    if usual:
        timer.set_usual(5.0, clock.now())
    else:
        timer.set(5.0)
    waiting = await hanging(timer, clock)
    await clock.advance(4.999)
    assert not waiting.done()
    await clock.advance(0.001)
    with pytest.raises(TimeoutError):
        await waiting
    assert timer.expired
    with pytest.raises(TimeoutError):
        timer.assert_timeout()


async def test_a_task_that_somebody_else_cancelled_stays_cancelled(clock: FakeClock, timers: Timers) -> None:
    timer = Timer(timers)
    timer.set(5.0)
    waiting = await hanging(timer, clock)
    timer.ring()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_one_alarm_serves_all_that_wait_equally_long(clock: FakeClock, timers: Timers) -> None:
    waiting = []
    for _ in range(5):
        timer = Timer(timers)
        timer.set_usual(5.0, clock.now())
        waiting.append(await hanging(timer, clock))
        await clock.advance(1.0)
    assert clock.sleepers == 1
    done = []
    for _ in range(5):
        done.append([task.done() for task in waiting])
        await clock.advance(1.0)
    assert done == [[True] * number + [False] * (5 - number) for number in range(1, 6)]
    for task in waiting:
        with pytest.raises(TimeoutError):
            await task
    assert clock.sleepers == 0


async def test_one_that_was_stopped_or_set_anew_is_not_rung_for_what_it_was_set_to_before(
    clock: FakeClock, timers: Timers
) -> None:
    stopped, longer = Timer(timers), Timer(timers)
    for timer in (stopped, longer):
        timer.set_usual(5.0, clock.now())
    stopped.stop()
    longer.set(60.0)
    waiting = [await hanging(timer, clock) for timer in (stopped, longer)]
    await clock.advance(59.9)
    assert [task.done() for task in waiting] == [False, False]
    await clock.advance(0.1)
    assert [task.done() for task in waiting] == [False, True]
    waiting[0].cancel()
    await asyncio.wait(waiting)
    assert isinstance(waiting[1].exception(), TimeoutError)


async def test_where_nobody_waits_whoever_holds_the_answer_is_told(clock: FakeClock, timers: Timers) -> None:
    told = []
    timer = Timer(timers)
    timer.set(5.0)
    timer.idle = lambda: told.append(clock.now())
    await clock.advance(5.0)
    assert len(told) == 1
    with pytest.raises(TimeoutError), timer:
        pass


async def test_those_that_are_over_are_forgotten_as_others_come(clock: FakeClock, timers: Timers) -> None:
    for _ in range(100):
        timer = Timer(timers)
        timer.set_usual(5.0, clock.now())
        timer.stop()
    (line,) = timers.lines.values()
    assert not line.waiting


async def test_one_that_is_stopped_while_those_before_it_are_rung_is_not_rung(clock: FakeClock, timers: Timers) -> None:
    first, second = Timer(timers), Timer(timers)
    for timer in (first, second):
        timer.set_usual(5.0, clock.now())
    first.idle = second.stop
    await clock.advance(5.0)
    assert (first.expired, second.expired) == (True, False)
