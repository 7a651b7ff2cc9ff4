"""With payments dead nobody in the shop sees a failure without words: a part of `./mesh chaos isolation`.

How long anything takes is the machine's affair, and so no pause counts as one.
"""

from __future__ import annotations

import math

import pytest

from benchmarks.chaos.gateway.stage import Stage
from benchmarks.chaos.isolation import journeys
from benchmarks.chaos.isolation.faults import Shop
from benchmarks.chaos.isolation.journeys import JOURNEYS, Seen
from benchmarks.chaos.isolation.matrix import ALONE, SERVICES, look
from discovery.clock import SystemClock
from launcher.local import Choice

pytestmark = pytest.mark.e2e


async def test_with_payments_killed_every_journey_works_or_is_refused_in_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(journeys, "HANG_S", math.inf)
    stage = Stage(choice=Choice(embedded=True), clock=SystemClock(), seed=1, quick=True)
    async with stage.system() as system, Shop(system, ALONE) as shop:
        await shop.start(*SERVICES, "gateway")

        seen = await look(stage, shop, "payments", Shop.killed)

    assert list(seen) == list(JOURNEYS)
    assert {name: journey.wrong for name, journey in seen.items() if journey.seen is Seen.BROKEN} == {}
