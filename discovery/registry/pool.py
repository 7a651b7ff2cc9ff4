"""What many instances have in common, kept once.

Ten thousand instances name one service, one datacenter, the same tags and the same check of their node. A decoder
makes each of these anew for each of them.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, TypeVar

from discovery.model import Check, Health

H = TypeVar("H", bound=Hashable)

# More than so many different values are hardly shared: then it begins afresh, and what is frequent is soon back.
_KEPT = 2048


class Pool:
    """Gives the same object for equal values."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: dict[Hashable, Any] = {}

    def one(self, value: H) -> H:
        """The first that was equal to *value*. Only values of one type may be equal."""
        return self._first(value, value)

    def check(self, id: str, status: Health, name: str, output: str) -> Check:
        """A check that says this; two checks are equal though their outputs differ."""
        known = (id, status, name, output)
        check = self._kept.get(known)
        return check if check is not None else self._first(known, Check(*known))

    def _first(self, key: Hashable, value: H) -> H:
        if len(self._kept) >= _KEPT:
            self._kept.clear()
        first: H = self._kept.setdefault(key, value)
        return first
