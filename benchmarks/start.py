"""How long one waits: for the system to be ready, and for the command itself."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys

from discovery.clock import Clock, SystemClock
from launcher.development import CannotRun, Report, Row, Site
from launcher.plan import ROOT

_RUNS, _QUICK_RUNS = 5, 2
_STARTS, _QUICK_STARTS = 21, 7
_READY_S = 8.0
_OVER_MS = 50.0
_CLI = (sys.executable, "-P", "-m", "launcher.main")


def run(*, quick: bool) -> Report:
    """Measure `mesh up` with the embedded agent, and what `./mesh` adds to the command behind it."""
    site = Site(ROOT)
    if not site.has_project() or not site.has_packages(site.read_lock()):
        raise CannotRun("the environment is not the one that ./mesh made; run ./mesh first")
    clock = SystemClock()
    runs, starts = (_QUICK_RUNS, _QUICK_STARTS) if quick else (_RUNS, _STARTS)
    ready_s = round(statistics.median(_ready_s(clock) for _ in range(runs)), 2)
    pairs = [(_took_s(clock, str(ROOT / "mesh")), _took_s(clock, *_CLI)) for _ in range(starts)]
    command_ms = round(statistics.median(pair[0] for pair in pairs) * 1000)
    over_ms = round(statistics.median(script - cli for script, cli in pairs) * 1000, 1)
    return Report(
        name="start",
        rows=[
            Row("mesh up until all is healthy", ready_s, "s", f"<= {_READY_S:g} s", ready_s <= _READY_S),
            Row("./mesh --version", command_ms, "ms"),
            Row("./mesh over the command behind it", over_ms, "ms", f"<= {_OVER_MS:g} ms", over_ms <= _OVER_MS),
        ],
        load=f"medians of {runs} starts of the system and {starts} of the command",
    )


def _ready_s(clock: Clock) -> float:
    began = clock.now()
    argv = [str(ROOT / "mesh"), "up", "--json", "--consul", "embedded"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:  # noqa: S603 - ourselves
        line = process.stdout.readline() if process.stdout else b""
        took_s = clock.now() - began
        process.terminate()
    if not line:
        raise CannotRun("mesh up did not become ready")
    json.loads(line)
    return took_s


def _took_s(clock: Clock, *argv: str) -> float:
    began = clock.now()
    subprocess.run([*argv, "--version"], stdout=subprocess.DEVNULL, check=True)  # noqa: S603 - ourselves
    return clock.now() - began
