"""Rates of single routes, as an operator writes them: ``POST /api/token=30/m, /api/laptops/*=50/s in all``."""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple

from services.gateway.edge.rate import OFF, Rate, parse

_WRITTEN = re.compile(r"(?:([A-Z]{3,7}) )?(/[A-Za-z0-9._~/-]{0,200}?)(/\*)?=(\S{1,20})(?: (per client|in all))?")
_LIKE = "POST /api/token=30/m, or /api/laptops/*=50/s in all"


class Whom(Enum):
    """Whose requests are counted together."""

    CLIENT = "per client"
    ALL = "in all"


class RouteRate(NamedTuple):
    """A rate for one path, or for what lies below it, too; *method* is empty where any counts."""

    method: str
    segments: tuple[str, ...]
    below: bool
    rate: Rate
    whom: Whom

    @property
    def name(self) -> str:
        """What it is called in ``RateLimit``."""
        return f"{self.method} /{'/'.join(self.segments)}{'/*' if self.below else ''}".lstrip()

    def covers(self, method: str, segments: tuple[str, ...]) -> bool:
        """Whether it is about a request for *segments*. One of an empty end is the same path, and so is its prefix."""
        if self.method and method != self.method:
            return False
        if segments and not segments[-1]:
            segments = segments[:-1]
        length = len(self.segments)
        return segments[:length] == self.segments and (self.below or len(segments) == length)


def parse_routes(text: str) -> tuple[RouteRate, ...]:
    """All that *text* says, with commas between; none for ``off``.

    Raises:
        ValueError: for the first that says something else.
    """
    if text == OFF:
        return ()
    return tuple(_parsed(part.strip()) for part in text.split(","))


def _parsed(text: str) -> RouteRate:
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise ValueError(f"the rate of a route is written like {_LIKE}: got {text!r:.80}")
    method, path, below, written, whom = found.groups()
    rate = parse(written)
    if rate is None:
        raise ValueError(f"a route without a rate of its own is left out: got {text!r:.80}")
    segments = tuple(path.strip("/").split("/")) if path.strip("/") else ()
    if "" in segments:
        raise ValueError(f"a path has no empty parts: got {text!r:.80}")
    return RouteRate(method or "", segments, below is not None, rate, Whom(whom or Whom.CLIENT))
