"""Where the processor time of a call goes: a profile of one way of calling, as text."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from dataclasses import asdict

from benchmarks.calls.contest import client, collector, server
from benchmarks.calls.doors import DOORS
from benchmarks.calls.load import CELLS, Round
from benchmarks.calls.scale import Scale
from launcher.development import Report, Row
from launcher.plan import ROOT

RESULTS = ROOT / "benchmarks" / "results"


async def report(name: str, scale: Scale) -> Report:
    """Profile one round in the first cell, and write it down."""
    door, cell, place = DOORS[name], CELLS[0], RESULTS / f"calls-profile-{name}.txt"
    async with AsyncExitStack() as stack:
        called = await stack.enter_async_context(server("raw"))
        sent_to = await stack.enter_async_context(collector())
        worker = await stack.enter_async_context(client(door.client, called.said, environ={**sent_to, **door.environ}))
        asked = {"cell": asdict(cell), "calls": scale.calls}
        await worker.ask(json.dumps(asked))
        made = Round(**json.loads(await worker.ask(json.dumps(asked | {"profile": str(place)}))))
    rows = [Row(f"{cell.method} by {door.what}: CPU, while it is profiled", round(made.cost_us), "µs/call")]
    return Report(name="calls", rows=rows, load=f"{scale.calls:,} calls, {cell}; written to {place.relative_to(ROOT)}")
