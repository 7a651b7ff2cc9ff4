"""What the console is told: where it keeps its data, and how much of it."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import discovery

_MB = 2**20

# A long weekend: who comes back on Monday still sees what happened on Friday.
_HOURS = 72.0
# About half a million spans.
_MEGABYTES = 512.0
# One request may bring 8 MiB, and what leaves must not be what has just come.
_LEAST_MEGABYTES = 16.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleSettings:
    """Where the data is, for how many hours it is kept, and how many bytes the database may have."""

    path: Path
    keep_hours: float = _HOURS
    keep_bytes: int = int(_MEGABYTES * _MB)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Read ``MESH_CONSOLE_KEEP_HOURS`` and ``MESH_CONSOLE_KEEP_MB``, and where services keep their data.

        Raises:
            ConfigError: listing every variable that makes no sense, not only the first.
        """
        problems: list[str] = []

        def number(variable: str, default: float, least: float, what: str) -> float:
            raw = environ.get(variable, "").strip()
            try:
                value = float(raw) if raw else default
            except ValueError:
                value = math.nan
            if math.isfinite(value) and value >= least:
                return value
            problems.append(f"{variable}={raw!r}: expected a number of {what}, at least {least:g}")
            return default

        hours = number("MESH_CONSOLE_KEEP_HOURS", _HOURS, 1.0, "hours")
        megabytes = number("MESH_CONSOLE_KEEP_MB", _MEGABYTES, _LEAST_MEGABYTES, "megabytes")
        if problems:
            raise discovery.ConfigError(*problems)
        path = discovery.state_directory(environ) / "console.db"
        return cls(path=path, keep_hours=hours, keep_bytes=int(megabytes * _MB))
