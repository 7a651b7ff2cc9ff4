"""What does not end well in time is put down to the machine only where the machine was slow with other things."""

from __future__ import annotations

import asyncio

import pytest

from discovery.testing.clock import FakeClock
from launcher.demo.failures import StepFailed, TooBusy
from launcher.demo.purchase import Stock
from launcher.demo.resumption import Looks
from tests.launcher.demo.test_scene import scene


class Reading(Looks):
    """Each laptop is read in so many seconds."""

    def __init__(self, clock: FakeClock, took_s: float) -> None:
        super().__init__(scene(clock=clock))
        self._clock = clock
        self._each_s = took_s

    async def read(self, path: str, **_: object) -> dict[str, int]:
        await self._clock.sleep(self._each_s)
        return {"stock": 17, "reserved": 0}


async def stays() -> str:
    return "order 7 is placed"


@pytest.mark.parametrize(("took_s", "error"), [(0.1, StepFailed), (1.0, TooBusy)])
async def test_who_is_to_blame(took_s: float, error: type[StepFailed]) -> None:
    clock = FakeClock()
    waiting = asyncio.create_task(Reading(clock, took_s).until(3, stays))
    await clock.advance(29)
    assert not waiting.done()
    await clock.advance(3)
    with pytest.raises(StepFailed, match="order 7 is placed, for 30 s") as caught:
        await waiting
    assert caught.type is error


async def test_what_ends_well_in_time_is_not_looked_at_any_longer() -> None:
    left = ["not yet", "not yet"]

    async def problem() -> str:
        return left.pop() if left else ""

    clock = FakeClock()
    waiting = asyncio.create_task(Reading(clock, 0.1).until(3, problem))
    await clock.advance(1)
    await waiting


async def test_the_stock_is_read_from_the_laptop() -> None:
    clock = FakeClock()
    looking = asyncio.create_task(Reading(clock, 0.1).stock(3))
    await clock.advance(1)
    assert await looking == Stock(17, 0)
