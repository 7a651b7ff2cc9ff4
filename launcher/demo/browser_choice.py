"""Which browser is on this machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from discovery.errors import ConfigError

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def find_browser(environ: Mapping[str, str]) -> Path | None:
    """Chromium or Chrome: CHROME_BIN, else the first on PATH.

    Raises:
        ConfigError: when CHROME_BIN names no program.
    """
    if named := environ.get("CHROME_BIN"):
        if not os.access(named, os.X_OK):
            raise ConfigError(f"CHROME_BIN={named} is not a program")
        return Path(named)
    found = (shutil.which(name, path=environ.get("PATH", "")) for name in _PROGRAMS)
    return next((Path(program) for program in found if program), None)
