"""What a call through the mesh costs, in processor time and throughput, beside plain aiohttp and beside others.

Everybody calls over kept connections, in rounds that take turns within one run, since a machine is never equally busy
twice. Every client is a process of its own, so what it leaves for later, as exporters of telemetry do, is on its bill
and on nobody else's. A ratio is the median over rounds, each compared with plain in the same round; more than 1 is
cheaper, or faster, than plain.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from benchmarks.calls import doors, gateway, receiving
from benchmarks.calls.contest import in_cells
from benchmarks.calls.options import Options, parse
from benchmarks.calls.scale import FULL, QUICK, Scale
from discovery.clock import SystemClock
from launcher.development import Report, Row


def run(*, quick: bool, words: Sequence[str] = ()) -> Report:
    """Measure."""
    options = parse(words)
    return asyncio.run(_report(QUICK if quick else FULL, options))


async def _report(scale: Scale, options: Options) -> Report:
    clock = SystemClock()
    rows: list[Row] = []
    details = {}
    if "clients" in options.parts:
        rounds = await doors.measure(scale, options.loop)
        rows += doors.rows(rounds)
        details["clients"] = in_cells(rounds, {name: door.what for name, door in doors.DOORS.items()}, doors.PLAIN)
    if "servers" in options.parts:
        rounds = await receiving.measure(scale, options.loop)
        rows += receiving.rows(rounds)
        details["servers"] = in_cells(
            rounds, {name: side.what for name, side in receiving.SIDES.items()}, receiving.BARE
        )
    if "gateway" in options.parts:
        rounds = await gateway.measure(scale, clock)
        rows += gateway.rows(rounds)
        details["gateway"] = in_cells(rounds, gateway.WHATS, gateway.PROXY)
    return Report(name="calls", rows=rows, load=str(scale), details=details)
