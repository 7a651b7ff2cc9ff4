"""Patience: how long an answer is held back."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from discovery.devagent.blocking import Changes, Patience
from discovery.testing.clock import FakeClock


@pytest.mark.parametrize(
    ("asked_s", "least_s", "most_s"), [(16, 16, 17), (0, 300, 300 * 17 / 16), (9999, 600, 600 * 17 / 16)]
)
async def test_a_wait_has_a_jitter_a_default_and_a_limit(asked_s: float, least_s: float, most_s: float) -> None:
    ends = set()
    for seed in range(20):
        clock, changes = FakeClock(), Changes()
        waiting = asyncio.create_task(Patience(changes, clock, Random(seed)).until(lambda: False, asked_s))
        await clock.advance(least_s - 0.001)
        assert not waiting.done()
        for _ in range(50):
            if not waiting.done():
                await clock.advance((most_s - least_s) / 49)
        assert waiting.done()
        ends.add(clock.now())
    assert len(ends) > 5


async def test_a_change_that_is_no_news_does_not_end_the_wait() -> None:
    clock, changes, news = FakeClock(), Changes(), [False]
    waiting = asyncio.create_task(Patience(changes, clock, Random(1)).until(lambda: news[0], 10))
    await clock.settle()
    changes.announce()
    await clock.settle()
    assert not waiting.done()
    news[0] = True
    changes.announce()
    await clock.settle()
    assert waiting.done()
    assert clock.sleepers == 0


async def test_what_is_news_already_is_not_waited_for() -> None:
    await Patience(Changes(), FakeClock(), Random(1)).until(lambda: True, 10)
