"""What is made of an order that is killed: whom it is put down to, and what is shown."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from discovery.testing.clock import FakeClock
from launcher.demo.failures import StepFailed, TooBusy
from launcher.demo.purchase import Purchase, Stock
from launcher.demo.resumption import Looks, Sale, order_through_a_kill
from launcher.demo.told import Told
from launcher.local import Running
from tests.launcher.demo.test_purchase import BEGAN, purchase
from tests.launcher.demo.test_scene import scene

MET = purchase()
MISSED = replace(MET, killed_at=BEGAN + 11.0)


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


async def bought(monkeypatch: pytest.MonkeyPatch, *purchases: Purchase) -> Told:
    """What the step says of these, one after the other."""
    left = list(purchases)

    class Shop:
        async def instances(self) -> tuple[Running, ...]:
            return (Running("gateway-1", "gateway-1", 7, "http://127.0.0.1:8080", "passing"),)

    async def through_a_kill(_: Sale) -> Purchase:
        return left.pop(0)

    monkeypatch.setattr(Sale, "through_a_kill", through_a_kill)
    told = await order_through_a_kill(scene(system=Shop()))
    assert not left
    return told


async def test_an_order_that_was_paid_before_the_kill_shows_nothing_and_another_one_is_placed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = await bought(monkeypatch, MISSED, MISSED, MET)

    assert told.text.startswith("orders-1 was killed (kill -9) in the middle of order 7, when a laptop was set aside")
    assert told.figures["settled_s"] == 9.8


async def test_where_the_kill_never_meets_the_middle_nothing_is_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TooBusy, match="3 orders were paid before"):
        await bought(monkeypatch, MISSED, MISSED, MISSED)


@pytest.mark.parametrize("killed", [MET, MISSED])
async def test_what_does_not_add_up_fails_the_step_whenever_the_kill_was(
    killed: Purchase, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StepFailed, match="16 are there and 1 held") as caught:
        await bought(monkeypatch, replace(killed, after=Stock(16, 1)))
    assert caught.type is StepFailed
    assert caught.value.figures["charges"] == 1
