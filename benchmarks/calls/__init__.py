"""What a call through the mesh costs, in processor time and throughput, beside plain aiohttp and beside others.

Everybody calls the same server over kept connections, in rounds that take turns within one run, since a machine is
never equally busy twice. Every client is a process of its own, so what it leaves for later, as exporters of telemetry
do, is on its bill and on nobody else's. A ratio is the median over rounds, each compared with plain in the same round;
more than 1 is cheaper, or faster, than plain.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from benchmarks.calls import doors
from benchmarks.calls.options import Options, parse
from benchmarks.calls.scale import FULL, QUICK, Scale
from launcher.development import Report


def run(*, quick: bool, words: Sequence[str] = ()) -> Report:
    """Measure."""
    options = parse(words)
    return asyncio.run(_report(QUICK if quick else FULL, options))


async def _report(scale: Scale, options: Options) -> Report:
    rounds = await doors.measure(scale, doors.DOORS, options.loop)
    return Report(
        name="calls",
        rows=doors.rows(rounds, doors.DOORS),
        load=str(scale),
        details={"cells": doors.cells(rounds, doors.DOORS)},
    )
