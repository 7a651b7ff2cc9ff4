"""How many of something there may be at once."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from aiohttp import hdrs

from discovery.web import Problem

_LATER: Mapping[str, str] = MappingProxyType({hdrs.RETRY_AFTER: "5"})


class Room:
    """Entered once for each of them; *full* is what is said to whoever comes when there are as many as may be."""

    __slots__ = ("_full", "_most", "_taken")

    def __init__(self, most: int, full: str) -> None:
        self._most = most
        self._full = full
        self._taken = 0

    def __enter__(self) -> None:
        """Count one more, until the block ends.

        Raises:
            Problem: 503, when there are as many as may be.
        """
        if self._taken >= self._most:
            raise Problem(503, self._full, headers=_LATER)
        self._taken += 1

    def __exit__(self, *_: object) -> None:
        self._taken -= 1
