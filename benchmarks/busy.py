"""What holds while the machine has other work: the demonstration, from a fresh clone each time, and the tests."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from discovery.clock import Clock, SystemClock
from launcher.development import CannotRun, Report, Row
from launcher.plan import ROOT

_RUNS, _QUICK_RUNS = 10, 2
_QUIET_RUNS = 3
_TESTS, _QUICK_TESTS = 3, 0
_BURNERS = 8
_BUSY_S, _QUIET_S = 90.0, 45.0
# Whatever takes longer than this hangs.
_LIMIT_S = 300.0
# A run of the tests that is interrupted ends what it started.
_LEAVE_S = 60.0
_BURN = (sys.executable, "-c", "while True: pass")
_LARGE = ("test", "--", "tests/browser", "tests/e2e")


def run(*, quick: bool) -> Report:
    """Run `mesh demo` alone, beside the large tests, and beside processes that burn the cores; then all tests."""
    if shutil.which("git") is None:
        raise CannotRun("a fresh clone is made by git, which is not here")
    clock, runs, tests = SystemClock(), _QUICK_RUNS if quick else _RUNS, _QUICK_TESTS if quick else _TESTS
    rows = [
        *_demos("on a quiet machine", nullcontext(), _QUICK_RUNS if quick else _QUIET_RUNS, _QUIET_S, clock),
        *_demos(f"beside {_BURNERS} processes that burn the cores", _burning(_BURNERS), runs, _BUSY_S, clock),
        *_demos("beside the tests in a browser and of the whole system", _testing(), runs, _BUSY_S, clock),
    ]
    if tests:
        with _burning(1):
            green = sum(_held("mesh test", ROOT, ("test",), None, clock)[0] for _ in range(tests))
        rows.append(_all("mesh test beside one process that burns a core", green, tests))
    load = "each demonstration from a fresh clone, whose environment was made before"
    return Report(name="busy", rows=rows, load=load)


def _demos(where: str, load: AbstractContextManager[object], runs: int, reach_s: float, clock: Clock) -> list[Row]:
    """How many held, and what the longest took."""
    held, longest_s = 0, 0.0
    with load:
        for _ in range(runs):
            with tempfile.TemporaryDirectory() as folder:
                clone = Path(folder, "proconsul")
                _quietly("git", "clone", "--quiet", str(ROOT), str(clone))
                _quietly(str(clone / "mesh"), "--version")
                well, took_s = _held(f"mesh demo {where}", clone, ("demo", "--json"), _LIMIT_S, clock)
            held, longest_s = held + well, max(longest_s, took_s)
    longest_s = round(longest_s, 1)
    longest = Row("  the longest", longest_s, "s", f"<= {reach_s:g} s", longest_s <= reach_s)
    return [_all(f"mesh demo {where}", held, runs), longest]


def _all(what: str, held: int, runs: int) -> Row:
    return Row(what, held, f"of {runs} held", f"{runs} of {runs}", held == runs)


def _held(what: str, root: Path, words: Sequence[str], limit_s: float | None, clock: Clock) -> tuple[bool, float]:
    """Whether a command ended with 0, and how long it took; where not, what it said is shown."""
    began = clock.now()
    with _started(str(root / "mesh"), *words) as process:
        try:
            said, _ = process.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            said = f"not done after {limit_s:g} s\n"
    took_s, well = clock.now() - began, process.returncode == 0
    _tell(f"{what}: {'held' if well else 'failed'} after {took_s:.0f} s")
    if not well:
        _tell(said)
    return well, took_s


@contextmanager
def _burning(count: int) -> Iterator[None]:
    # Each in a session of its own, since a scheduler may share the machine out by sessions.
    processes = [subprocess.Popen(_BURN, start_new_session=True) for _ in range(count)]  # noqa: S603 - ourselves
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


@contextmanager
def _testing() -> Iterator[None]:
    """Run the large tests again and again."""
    enough = threading.Event()
    running: list[subprocess.Popen[str]] = []

    def test() -> None:
        while not enough.is_set():
            with _started(str(ROOT / "mesh"), *_LARGE) as process:
                running[:] = [process]
                process.communicate()

    thread = threading.Thread(target=test)
    thread.start()
    try:
        yield
    finally:
        enough.set()
        for process in running:
            process.send_signal(signal.SIGINT)
        thread.join()


@contextmanager
def _started(*argv: str) -> Iterator[subprocess.Popen[str]]:
    """A command in a session of its own, with nothing of the shell's about meshes; it ends with the block."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("CONSUL_", "MESH_", "OTEL_"))}
    process = subprocess.Popen(  # noqa: S603 - ourselves
        argv, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(_LEAVE_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _quietly(*argv: str) -> None:
    subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)  # noqa: S603 - ourselves


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - progress, for whoever waits
