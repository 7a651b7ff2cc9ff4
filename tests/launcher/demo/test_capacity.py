"""The load is what a machine bears, not what somebody hoped for."""

from __future__ import annotations

import asyncio
from collections import Counter

import aiohttp
import pytest

from discovery.testing.clock import FakeClock
from launcher.demo.capacity import capacity, fair_rate, lower, strained
from launcher.load import Tally


@pytest.mark.parametrize(
    ("bears", "rate"),
    [
        (1000.0, 100.0),
        (200.0, 100.0),
        (199.0, 100.0),
        (131.0, 65.0),
        (100.0, 50.0),
        (51.0, 25.0),
        (25.0, 12.0),
        (9.0, 4.0),
        (0.0, 4.0),
    ],
)
def test_half_of_what_a_machine_bears_is_sent_as_a_round_number_and_within_limits(bears: float, rate: float) -> None:
    assert fair_rate(bears) == rate


def test_what_was_too_much_is_halved_down_to_a_least() -> None:
    assert [lower(rate) for rate in (100.0, 50.0, 12.0, 6.0, 4.0)] == [50.0, 25.0, 6.0, 4.0, 4.0]


@pytest.mark.parametrize(
    ("latencies_s", "failed", "too_much"),
    [
        ([0.01] * 100, 0, False),
        ([0.75] * 100, 0, False),
        ([0.76] * 100, 0, True),
        ([0.01] * 99, 1, True),
        ([], 0, True),
    ],
)
def test_a_load_is_too_much_that_fails_or_comes_near_the_limits(
    latencies_s: list[float], failed: int, too_much: bool
) -> None:
    assert strained(Tally(100, Counter({"ports missing": failed}), latencies_s)) is too_much


async def test_every_good_answer_counts_also_those_that_come_at_once() -> None:
    clock = FakeClock()

    async def send(number: int) -> str:
        await clock.sleep(0.25)
        if number % 8 == 0:
            raise aiohttp.ServerDisconnectedError
        return "ports missing" if number % 8 == 1 else ""

    measuring = asyncio.create_task(capacity(send, seconds=2, clock=clock))
    while not measuring.done():
        await clock.advance(0.25)
    # Eight workers, of whom two are never answered well, four times a second.
    assert measuring.result() == pytest.approx(6 * 4)
