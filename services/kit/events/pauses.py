"""How long to wait after failures."""

from __future__ import annotations

_FIRST_S, _LONGEST_S = 0.5, 15.0


def pause_s(failures: int, chance: float) -> float:
    """After so many *failures* in a row; *chance* from 0 to 1 keeps those apart who failed at the same moment."""
    return min(_FIRST_S * 2.0 ** min(failures - 1, 10), _LONGEST_S) * (0.75 + chance / 2)
