"""All tests beside a process that burns a core: whether they are green each time."""

from __future__ import annotations

from benchmarks.busy import burning, run_command
from discovery.clock import SystemClock
from launcher.development import Report, Row
from launcher.plan import ROOT

_RUNS, _QUICK_RUNS = 3, 1


def run(*, quick: bool) -> Report:
    """Run `mesh test` again and again, which takes minutes each time."""
    runs, clock = _QUICK_RUNS if quick else _RUNS, SystemClock()
    with burning(1):
        ended = [run_command("mesh test", ROOT, ("test",), None, clock) for _ in range(runs)]
    green = sum(each.well for each in ended)
    longest_s = round(max(each.took_s for each in ended))
    rows = [
        Row("mesh test, green", green, f"of {runs}", f"{runs} of {runs}", green == runs),
        Row("  the longest", longest_s, "s"),
    ]
    return Report(name="tests", rows=rows, load="beside one process that burns a core")
