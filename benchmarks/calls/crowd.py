"""What a service of many instances costs those who follow it: choosing one, one that changes, and keeping them all."""

from __future__ import annotations

import json
from statistics import median

from benchmarks.calls.goals import AtMost
from benchmarks.calls.processes import python
from launcher.development import Row

COUNT = 10_000


async def rows(changes: int) -> list[Row]:
    """Measure over so many changes."""
    async with python("benchmarks.calls.registry", str(COUNT)) as registry:
        url = f"http://{registry.said}"
        async with python("benchmarks.calls.following", url, "0") as weighing:
            weighed = json.loads(weighing.said)
        async with python("benchmarks.calls.following", url, str(changes)) as timing:
            timed = json.loads(timing.said)
    picks = timed["pick_us"]
    return [
        AtMost(2, "µs").row("pick of 10", median(picks["10"])),
        AtMost(3, "µs").row(f"pick of {COUNT:,}", median(picks[f"{COUNT}"])),
        AtMost(20, "ms").row(f"loop held when one of {COUNT:,} changes", median(timed["held_s"]) * 1000),
        Row("loop held: the worst of all changes", round(max(timed["held_s"]) * 1000, 1), "ms"),
        AtMost(1.5, "kB").row(f"memory of an instance, of {COUNT:,}", weighed["bytes"] / 1000),
    ]
