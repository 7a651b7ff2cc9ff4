"""How often something may be done, as an operator writes it: ``100/s``, ``30/m``, ``1000/h``."""

from __future__ import annotations

import re
from typing import NamedTuple

_WRITTEN = re.compile(r"([1-9][0-9]{0,8})/(s|m|h)")
_SECONDS = {"s": 1, "m": 60, "h": 3600}
OFF = "off"


class Rate(NamedTuple):
    """So many requests in so many seconds: as many may come at once, and then as they are regained."""

    requests: int
    seconds: int


def parse(text: str) -> Rate | None:
    """The rate that *text* says; ``None`` for ``off``.

    Raises:
        ValueError: when it says neither.
    """
    if text == OFF:
        return None
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise ValueError(f"a rate is written like 100/s, 30/m or 1000/h, or is {OFF}: got {text!r:.80}")
    return Rate(int(found[1]), _SECONDS[found[2]])
