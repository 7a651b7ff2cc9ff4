"""From an empty environment to the passed tests of what `mesh new` wrote: installing, writing, testing, once."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.own.fresh import Fresh, run
from discovery.clock import Clock, SystemClock
from launcher.development import Row

_GOAL_S = 60.0


async def rows(*, quick: bool) -> Sequence[Row]:
    """Do as the README says; the wheel is built before, since a user finds it built."""
    took_s = round(await asyncio.to_thread(_took_s, SystemClock()), 1)
    what = "mesh new, until its tests have passed in an empty environment"
    return [Row(what, took_s, "s", f"<= {_GOAL_S:g} s", took_s <= _GOAL_S)]


def _took_s(clock: Clock) -> float:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wheel = Fresh.wheel_in(folder)
        began = clock.now()
        fresh = Fresh.made(folder, wheel, "[cli]")
        run(str(fresh.folder / "bin" / "mesh"), "new", "shop", cwd=folder)
        fresh.install(str(wheel), "--editable", f"{folder / 'shop'}[dev]")
        fresh.python("-m", "pytest", cwd=folder / "shop")
        return clock.now() - began
