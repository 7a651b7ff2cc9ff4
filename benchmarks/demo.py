"""`mesh demo` from a fresh clone each time: alone, and while the machine has other work."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from benchmarks.busy import burning, run_command, testing
from discovery.clock import Clock, SystemClock
from launcher.development import CannotRun, Report, Row
from launcher.plan import ROOT

_RUNS, _QUICK_RUNS = 10, 2
_QUIET_RUNS, _QUICK_QUIET_RUNS = 3, 1
_BURNERS = 8
_BUSY_S, _QUIET_S = 90.0, 45.0
# Whatever takes longer than this hangs.
_LIMIT_S = 300.0


def run(*, quick: bool) -> Report:
    """Run it alone, beside processes that burn the cores, and beside the large tests."""
    clock, runs = SystemClock(), _QUICK_RUNS if quick else _RUNS
    rows = [
        *_rows("alone", nullcontext(), _QUICK_QUIET_RUNS if quick else _QUIET_RUNS, _QUIET_S, clock),
        *_rows(f"beside {_BURNERS} processes that burn the cores", burning(_BURNERS), runs, _BUSY_S, clock),
        *_rows("beside the tests in a browser and of the whole system", testing(), runs, _BUSY_S, clock),
    ]
    return Report(name="demo", rows=rows, load="each from a fresh clone, whose environment was made before")


def _rows(where: str, load: AbstractContextManager[object], runs: int, reach_s: float, clock: Clock) -> list[Row]:
    """How many exited with 0, what the longest took, and how many of their claims their figures do not bear."""
    with load:
        ended = [_demo(where, clock) for _ in range(runs)]
    held = sum(well for well, _, _ in ended)
    longest_s = round(max(took_s for _, _, took_s in ended), 1)
    shown = [figures["survive"] for _, figures, _ in ended if "failed" in figures.get("survive", {})]
    overdone = sum(map(_overdone, shown))
    slowest = [each["p99_ms"] for each in shown if each["p99_ms"] is not None]
    return [
        Row(f"mesh demo {where}, exit 0", held, f"of {runs}", f"{runs} of {runs}", held == runs),
        Row("  the longest", longest_s, "s", f"<= {reach_s:g} s", longest_s <= reach_s),
        Row("  'nobody noticed', and something failed or p99 grew", overdone, "runs", "0", overdone == 0),
        Row("  requests sent under the kill", sum(each["sent"] for each in shown), ""),
        Row("  of them failed", sum(each["failed"] for each in shown), ""),
        Row("  p99 of the slowest run", max(slowest, default=0.0), "ms"),
    ]


def _overdone(survive: dict[str, Any]) -> bool:
    """Whether it says that nobody noticed, and its own figures say otherwise."""
    before, after = survive["without"]["p99_ms"], survive["p99_ms"]
    grown = after is None or before is None or after > before + max(50, before / 4)
    return "nobody noticed" in survive["text"] and (survive["failed"] > 0 or grown)


def _demo(where: str, clock: Clock) -> tuple[bool, dict[str, Any], float]:
    """Whether it exited with 0, its figures, and how long it took, environment not included."""
    if shutil.which("git") is None:
        raise CannotRun("a fresh clone is made by git, which is not here")
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder, "proconsul")
        for words in (("git", "clone", "--quiet", str(ROOT), str(clone)), (str(clone / "mesh"), "--version")):
            made = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - ourselves
            if made.returncode:
                raise CannotRun(f"{' '.join(words)}: {made.stderr}")
        ended = run_command(f"mesh demo {where}", clone, ("demo", "--json"), _LIMIT_S, clock)
    try:
        figures = json.loads(ended.said)
    except ValueError:
        figures = {}
    return ended.well, figures, ended.took_s
