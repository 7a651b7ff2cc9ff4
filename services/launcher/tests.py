"""`mesh test`: which tests belong to a name, and how pytest is called for them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from discovery.errors import ConfigError
from services.launcher.plan import ROOT

# What needs neither a network nor a process, and is done in seconds.
_UNIT = ("tests/discovery/policy", "tests/architecture")
_ROOMS = ("tests/services", "tests/discovery", "tests")

_INTERRUPTED, _NO_TESTS = 2, 5


def run_tests(names: Sequence[str], rest: Sequence[str]) -> int:
    """Run the tests of these names, with *rest* for pytest; the exit code is ``mesh``'s.

    Raises:
        ConfigError: when there are no tests of some name.
    """
    command = [sys.executable, "-m", "pytest", *pytest_arguments(names, rest, ROOT)]
    with subprocess.Popen(command, cwd=ROOT) as process:  # noqa: S603 - pytest
        while True:
            try:
                code = process.wait()
                break
            except KeyboardInterrupt:
                # It has heard of it too, and has yet to say what it knows.
                continue
    if code == _NO_TESTS:
        raise ConfigError("no test was selected")
    return {0: 0, 1: 1, _INTERRUPTED: 130}.get(code, 2)


def pytest_arguments(names: Sequence[str], rest: Sequence[str], root: Path) -> list[str]:
    """What pytest is told: the folders of the names, and what is meant for pytest itself.

    Raises:
        ConfigError: listing every name that no tests have.
    """
    found = {name: _folders(name, root) for name in names}
    if unknown := [name for name, folders in found.items() if not folders]:
        known = ", ".join(sorted({"unit"} | {path.name for room in _ROOMS for path in _parts(root / room)}))
        raise ConfigError(*(f"there are no tests of {name!r}; there are {known}" for name in unknown))
    folders = [str(folder) for each in found.values() for folder in each]
    # All of them take minutes, and each file keeps to itself; a few are done before a second worker has started.
    parallel = [] if folders else ["--numprocesses", str(os.cpu_count() or 1), "--dist", "loadfile"]
    return [*parallel, *folders, *rest]


def _folders(name: str, root: Path) -> list[Path]:
    if name == "unit":
        return [root / folder for folder in _UNIT]
    return [root / room / name for room in _ROOMS if root / room / name in _parts(root / room)][:1]


def _parts(room: Path) -> list[Path]:
    return [path for path in room.iterdir() if path.is_dir() and path.name != "__pycache__"] if room.is_dir() else []
