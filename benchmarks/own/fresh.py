"""An environment with nothing in it but the wheel of this checkout and what that requires."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from launcher.development import CannotRun
from launcher.plan import ROOT


@dataclass(frozen=True, slots=True)
class Fresh:
    """Where it is."""

    folder: Path

    @staticmethod
    def wheel_in(within: Path) -> Path:
        """The wheel of this checkout, built into a folder below *within*.

        Raises:
            CannotRun: when it cannot be built.
        """
        run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(within / "wheel"), cwd=ROOT)
        [wheel] = (within / "wheel").iterdir()
        return wheel

    @classmethod
    def made(cls, within: Path, wheel: Path, extras: str = "") -> Fresh:
        """An environment below *within*, with *wheel* and its *extras*.

        Raises:
            CannotRun: when no index is reached, or something else fails.
        """
        fresh = cls(within / "venv")
        if uv := shutil.which("uv"):
            run(uv, "venv", "--python", sys.executable, str(fresh.folder), cwd=within)
        else:
            run(sys.executable, "-m", "venv", str(fresh.folder), cwd=within)
        fresh.install(f"{wheel}{extras}")
        return fresh

    def install(self, *what: str) -> None:
        """Install *what* as well."""
        if uv := shutil.which("uv"):
            run(uv, "pip", "install", "--python", str(self.folder / "bin" / "python"), *what, cwd=self.folder)
        else:
            self.python("-m", "pip", "--disable-pip-version-check", "install", *what, cwd=self.folder)

    def python(self, *words: str, cwd: Path) -> str:
        """What its Python says when it is run with *words*."""
        return run(str(self.folder / "bin" / "python"), *words, cwd=cwd)


def run(*argv: str, cwd: Path) -> str:
    """Run a program, with nothing in its environment that leads to this checkout, and return what it says.

    Raises:
        CannotRun: when it fails, with the end of what it said.
    """
    environ = {name: each for name, each in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(argv, cwd=cwd, env=environ, capture_output=True, text=True, check=False)  # noqa: S603 - ourselves
    if done.returncode:
        raise CannotRun(f"{' '.join(argv[:4])}: {(done.stdout + done.stderr)[-800:]}")
    return done.stdout
