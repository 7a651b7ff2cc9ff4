"""What a call through the mesh costs, in processor time and throughput, beside plain aiohttp and beside others.

Everybody calls over kept connections, in rounds that take turns within one run, since a machine is never equally busy
twice. Every client is a process of its own, so what it leaves for later, as exporters of telemetry do, is on its bill
and on nobody else's. A ratio is the median over rounds, each compared with plain in the same round; more than 1 is
cheaper, or faster, than plain.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from typing import Any

from benchmarks.calls import crowd, doors, profile, publication, receiving
from benchmarks.calls.contest import in_cells
from benchmarks.calls.environment import environment
from benchmarks.calls.options import Options, parse
from benchmarks.calls.rivals import rivals, versions
from benchmarks.calls.scale import FULL, QUICK, Scale
from discovery.clock import SystemClock
from launcher.development import Report, Row


def run(*, quick: bool, words: Sequence[str] = ()) -> Report:
    """Measure."""
    options = parse(words)
    scale = QUICK if quick else FULL
    if options.profile:
        return asyncio.run(profile.report(options.profile, scale))
    report = asyncio.run(_report(scale, options))
    if options.publish:
        publication.publish(report, options.loop)
    return report


async def _report(scale: Scale, options: Options) -> Report:
    clock = SystemClock()
    absent: list[str] = []
    other = environment() if options.peers or options.loop != "asyncio" else None
    peers = other if options.peers else None
    python = other.python if other and options.loop != "asyncio" else sys.executable
    rows: list[Row] = []
    details: dict[str, Any] = {}
    if "clients" in options.parts:
        others = rivals(peers, clock, absent) if peers else doors.alone
        measured = await doors.measure(scale, options.loop, python, others)
        rows += doors.rows(measured)
        whats = {name: door.what for name, door in measured.doors.items()}
        details["clients"] = in_cells(measured.rounds, whats, doors.PLAIN)
    for part, every in {"servers": receiving.SERVERS, "ends": receiving.ENDS}.items():
        if part in options.parts:
            sides = receiving.there(every, peers)
            rounds = await receiving.measure(sides, scale, options.loop, python, peers)
            rows += receiving.rows(sides, rounds)
            details[part] = in_cells(rounds, {name: side.what for name, side in sides.items()}, receiving.BARE)
    if "directory" in options.parts:
        rows += await crowd.rows(scale.rounds)
    load = "; ".join([str(scale), options.loop, *absent])
    return Report(name="calls", rows=rows, load=load, versions=versions(other) if other else {}, details=details)
