"""Durations as Go writes them, since Consul's API does: ``1m30s``, ``250ms``. Ours are seconds."""

from __future__ import annotations

import re

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
# A signed number of nanoseconds in 64 bits.
_LONGEST_S = (2**63 - 1) / 1e9
_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)")
_WHOLE = re.compile(rf"([+-]?)((?:{_PART.pattern})+)")


def parse(text: str) -> float:
    """Read a Go duration, in seconds.

    Raises:
        ValueError: in Go's words.
    """
    if text.lstrip("+-") == "0":
        return 0.0
    match = _WHOLE.fullmatch(text)
    if match is None:
        said = "missing unit in" if re.fullmatch(r"[+-]?\d+\.?\d*", text) else "invalid"
        raise ValueError(f'time: {said} duration "{text}"')
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(match[2]))
    if seconds > _LONGEST_S:
        raise ValueError(f'time: invalid duration "{text}"')
    return -seconds if match[1] == "-" else seconds


def show(seconds: float) -> str:
    """Write a duration as Go's ``Duration.String`` does: ``1m0s``, ``100ms``, ``0s``."""
    if seconds < 0:
        return "-" + show(-seconds)
    if 0 < seconds < 1:
        unit, size = next((unit, size) for unit, size in (("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9)) if seconds >= size)
        return f"{round(seconds / size, 6):g}{unit}"
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    last = f"{round(rest, 9):.9f}".rstrip("0").rstrip(".") + "s"
    return (f"{hours}h" if hours else "") + (f"{minutes}m" if hours or minutes else "") + last
