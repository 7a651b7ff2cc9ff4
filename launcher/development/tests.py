"""`mesh test`: which tests belong to a name, and how pytest is called for them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from discovery.errors import ConfigError
from launcher.plan import ROOT

# What needs neither a network nor a process, and is done in seconds.
_UNIT = ("tests/discovery/policy", "tests/architecture")
# What starts the whole system, or a browser.
_LARGE = ("tests/browser", "tests/e2e")
_ROOMS = ("tests/services", "tests/discovery", "tests")

_INTERRUPTED, _NO_TESTS = 2, 5


def run_tests(names: Sequence[str], rest: Sequence[str]) -> int:
    """Run the tests of these names, with *rest* for pytest; the exit code is ``mesh``'s.

    Raises:
        ConfigError: when there are no tests of some name, or none was selected.
    """
    return run_pytest(pytest_runs(names, rest, ROOT), os.environ)


def run_pytest(runs: Iterable[Sequence[str]], environ: Mapping[str, str]) -> int:
    """Run pytest with each of these arguments; the exit code is ``mesh``'s, and the worst of all runs.

    Raises:
        ConfigError: when no test was selected.
    """
    codes = set()
    for arguments in runs:
        if (code := _pytest(arguments, environ)) == _INTERRUPTED:
            return 130
        codes.add(code)
    if codes == {_NO_TESTS}:
        raise ConfigError("no test was selected")
    return max({0: 0, 1: 1, _NO_TESTS: 0}.get(code, 2) for code in codes)


def pytest_runs(names: Sequence[str], rest: Sequence[str], root: Path) -> list[list[str]]:
    """What pytest is told, run by run: the folders of the names, and what is meant for pytest itself.

    Raises:
        ConfigError: listing every name that no tests have.
    """
    found = {name: _folders(name, root) for name in names}
    if unknown := [name for name, folders in found.items() if not folders]:
        known = ", ".join(sorted({"unit"} | {path.name for room in _ROOMS for path in _parts(root / room)}))
        raise ConfigError(*(f"there are no tests of {name!r}; there are {known}" for name in unknown))
    folders = [str(folder) for each in found.values() for folder in each]
    if folders or any((root / word.partition("::")[0]).exists() for word in rest if not word.startswith("-")):
        return [[*folders, *rest]]
    # Each file keeps to itself, so files run side by side; the whole system needs the machine for itself.
    large = [str(root / folder) for folder in _LARGE]
    side_by_side = ["--numprocesses", str(os.cpu_count() or 1), "--dist", "loadfile"]
    return [[*side_by_side, *(f"--ignore={folder}" for folder in large), *rest], [*large, *rest]]


def _pytest(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    command = [sys.executable, "-m", "pytest", *arguments]
    with subprocess.Popen(command, cwd=ROOT, env=environ) as process:  # noqa: S603 - pytest
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                # It has heard of it too, and has yet to say what it knows.
                continue


def _folders(name: str, root: Path) -> list[Path]:
    if name == "unit":
        return [root / folder for folder in _UNIT]
    return [root / room / name for room in _ROOMS if root / room / name in _parts(root / room)][:1]


def _parts(room: Path) -> list[Path]:
    return [path for path in room.iterdir() if path.is_dir() and path.name != "__pycache__"] if room.is_dir() else []
