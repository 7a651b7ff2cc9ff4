"""`mesh lock`: requirements.lock from pyproject.toml, for every platform and Python that the project supports."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from discovery.errors import ConfigError
from services.launcher.environment import LAST_LINE
from services.launcher.plan import ROOT

_COMPILE = (
    *("pip", "compile", "pyproject.toml", "--quiet", "--extra", "dev"),
    *("--universal", "--python-version", "3.11", "--generate-hashes"),
    # The same bytes wherever it is made.
    *("--no-annotate", "--no-header", "--no-emit-index-url", "--no-emit-find-links"),
)


def write_lock(root: Path = ROOT) -> Path:
    """Write the lock, whole or not at all, and return where.

    Raises:
        ConfigError: when there is no uv, or it found no solution.
    """
    uv = shutil.which("uv")
    if uv is None:
        raise ConfigError("uv is needed to write the lock: pip install uv")
    compiled = subprocess.run([uv, *_COMPILE], cwd=root, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603 - uv
    if compiled.returncode:
        raise ConfigError("uv could not solve the requirements; the old lock is as it was")
    lock = root / "requirements.lock"
    half = lock.with_suffix(".half")
    # The last line tells a whole lock from the beginning of one.
    half.write_text(f"{compiled.stdout.rstrip()}\n{LAST_LINE}\n")
    half.replace(lock)
    return lock
