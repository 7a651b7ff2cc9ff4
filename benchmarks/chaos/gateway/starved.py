"""The gateway gets a twelfth of a core for a while, and then all that it wants: too little for what is asked.

It is stopped and let go on ten times a second, which any system can do, and which a container with a quota sees, too.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from benchmarks.chaos.gateway.load import Answered, Asked, due, failed, sending
from benchmarks.chaos.gateway.stage import UNLIMITED, Process, Stage
from benchmarks.chaos.playing import Scenario
from discovery.clock import Clock
from launcher.development import Row
from launcher.plan import ROOT

_RATE = 100.0
_RUNS_S, _STANDS_S = 0.008, 0.092
_BEFORE_S = 3.0
# By then what was begun under it has come to its end.
_SOON_S = 2.0
# Until it is clear that it is no peak, some hundred are let in, of which a few then wait for longer than is waited.
_MOST = 0.05


def rows_of(during: Sequence[Answered], after: Sequence[Answered]) -> list[Row]:
    """The figures, from the answers to what was due in that time, and to what was due from a little later on."""
    what = "a twelfth of a core for the gateway, 100 requests/s"
    neither, most = sum(each.status not in {200, 503} for each in during), _MOST * len(during)
    of = f"of {len(during)}"
    served, lost = sum(each.status == 200 for each in during), len(failed(after))
    return [
        Row(
            f"{what}: answered neither by 200 nor by 503",
            neither,
            f"of {len(during)}",
            f"<= {_MOST:.0%}",
            neither <= most,
        ),
        Row(f"{what}: answered by 200", served, of, "> 0", served > 0),
        Row(f"{what}: requests failed, from {_SOON_S:g} s after on", lost, f"of {len(after)}", "= 0", not lost),
    ]


async def _play(stage: Stage) -> list[Row]:
    async with stage.system() as system:
        await system.start("ports-1")
        gateway = await system.start("gateway-1", root=ROOT, **UNLIMITED)
        await system.leads(gateway, "/api/ports/1")
        asked = Asked("GET", f"{gateway.url}/api/ports/1")
        async with sending(lambda _: asked, _RATE, stage.clock) as stop:
            await stage.clock.sleep(_BEFORE_S)
            began = stage.clock.now()
            async with _starved(gateway, stage.clock):
                await stage.pause(30, 10)
            ended = stage.clock.now()
            await stage.pause(15, 6)
            answers = await stop()
    return rows_of(due(answers, began, ended), due(answers, ended + _SOON_S, float("inf")))


@asynccontextmanager
async def _starved(process: Process, clock: Clock) -> AsyncIterator[None]:
    async def starve() -> None:
        while True:
            os.kill(process.child.pid, signal.SIGSTOP)
            await clock.sleep(_STANDS_S)
            os.kill(process.child.pid, signal.SIGCONT)
            await clock.sleep(_RUNS_S)

    starving = asyncio.create_task(starve())
    try:
        yield
    finally:
        starving.cancel()
        await asyncio.wait([starving])
        os.kill(process.child.pid, signal.SIGCONT)


SCENARIOS = (Scenario("starved", "a gateway that gets a twelfth of a core", _play),)
