"""Commands of this repository while the machine has other work: what they are run beside, and whether they hold."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from discovery.clock import Clock
from launcher.development import CannotRun
from launcher.plan import ROOT

# A run of the tests that is interrupted ends what it started.
_LEAVE_S = 60.0
_BURN = (sys.executable, "-c", "while True: pass")
_LARGE = ("test", "--", "tests/browser", "tests/e2e")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, what it said on stdout, and after how many seconds."""

    well: bool
    said: str
    took_s: float


def run_command(what: str, root: Path, words: Sequence[str], limit_s: float | None, clock: Clock) -> Ended:
    """Run `mesh` of the checkout *root* to its end; what came of it is progress for whoever waits."""
    began = clock.now()
    with _started(root, *words) as process:
        try:
            said, complaints = process.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            said, complaints = "", f"not done after {limit_s:g} s\n"
    ended = Ended(process.returncode == 0, said, clock.now() - began)
    _tell(f"{what}: {'held' if ended.well else 'failed'} after {ended.took_s:.0f} s")
    if not ended.well:
        _tell(said + complaints)
    return ended


@contextmanager
def burning(count: int) -> Iterator[None]:
    """So many processes that burn the cores."""
    # Each in a session of its own, since a scheduler may share the machine out by sessions.
    processes = [subprocess.Popen(_BURN, start_new_session=True) for _ in range(count)]  # noqa: S603 - ourselves
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


@contextmanager
def testing() -> Iterator[None]:
    """The tests in a browser and of the whole system, again and again.

    Raises:
        CannotRun: when they could not be run, so that nothing was beside.
    """
    enough = threading.Event()
    codes: list[int] = []

    def test() -> None:
        while not enough.is_set() and 2 not in codes:
            with _started(ROOT, *_LARGE, out=subprocess.DEVNULL) as process:
                while process.poll() is None and not enough.wait(0.2):
                    pass
            # Interrupted, or with some test that the load was too much for: it was work all the same.
            codes.append(process.returncode)

    thread = threading.Thread(target=test)
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join()
    if 2 in codes:
        raise CannotRun("the tests beside could not be run: ./mesh test says why")


@contextmanager
def _started(root: Path, *words: str, out: int = subprocess.PIPE) -> Iterator[subprocess.Popen[str]]:
    """`mesh` in a session of its own, with nothing of the shell's about meshes; it ends with the block."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("CONSUL_", "MESH_", "OTEL_"))}
    process = subprocess.Popen(  # noqa: S603 - ourselves
        [root / "mesh", *words], env=environ, stdout=out, stderr=out, text=True, start_new_session=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            # As Ctrl-C at a terminal does: to all that it started in its session.
            os.killpg(process.pid, signal.SIGINT)
        try:
            process.communicate(timeout=_LEAVE_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - progress, for whoever waits
