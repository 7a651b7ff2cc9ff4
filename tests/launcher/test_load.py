"""A steady load says what a user would have felt."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Coroutine
from typing import Any

import aiohttp
import pytest

from discovery.testing.clock import FakeClock
from launcher.load import Tally, drive, quantile


async def moved(clock: FakeClock, work: Coroutine[Any, Any, Tally]) -> Tally:
    """The result of *work*, with time passing until it is there."""
    task = asyncio.create_task(work)
    while not task.done():
        await clock.advance(0.05)
    return task.result()


async def test_requests_are_sent_when_they_are_due_also_while_the_system_stalls() -> None:
    clock, sent = FakeClock(), list[float]()

    async def send(number: int) -> str:
        sent.append(clock.now())
        await clock.sleep(10.0 if number == 0 else 0.01)
        return ""

    tally = await moved(clock, drive(send, rate=10, seconds=1, clock=clock))
    assert [round(moment - 1000, 6) for moment in sent] == [number / 10 for number in range(10)]
    assert (tally.sent, tally.failed) == (10, 0)
    assert tally.latency_ms(1.0) == pytest.approx(10_000, abs=200)


async def test_a_sender_who_is_late_counts_the_time_since_the_request_was_due() -> None:
    class Busy(FakeClock):
        async def sleep(self, seconds: float, /) -> None:
            await super().sleep(seconds + 0.5)

    async def send(number: int) -> str:
        return ""

    tally = await moved(clock := Busy(), drive(send, rate=10, seconds=0.3, clock=clock))
    assert sorted(round(value, 6) for value in tally.latencies_s) == [0.0, 0.4, 0.5]


async def test_failures_are_counted_by_kind() -> None:
    clock = FakeClock()

    async def send(number: int) -> str:
        if number == 1:
            raise aiohttp.ServerDisconnectedError
        if number == 2:
            raise TimeoutError
        return "status 503" if number > 2 else ""

    tally = await moved(clock, drive(send, rate=10, seconds=0.5, clock=clock))
    assert tally.failures == {"ServerDisconnectedError": 1, "TimeoutError": 1, "status 503": 2}
    assert (tally.sent, tally.failed, len(tally.latencies_s)) == (5, 4, 1)


def test_a_share_of_the_values_lies_below_its_quantile() -> None:
    assert [quantile([3.0, 1.0, 2.0], share) for share in (0.0, 0.5, 0.99, 1.0)] == [1.0, 2.0, 3.0, 3.0]
    assert math.isnan(quantile([], 0.5))
    assert Tally(latencies_s=[0.0123]).latency_ms(0.5) == 12.3
