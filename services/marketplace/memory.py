"""The last good answers, for as long as there are no new ones: stale beats empty, when it says so."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import discovery

# Of some kilobytes each: a megabyte or two, whatever strangers search for.
_ENTRIES = 256

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Known(Generic[T]):
    """An answer, when it was given (seconds since the epoch), and whether that is now."""

    value: T
    as_of: float
    current: bool = True


class Memory(Generic[T]):
    """Keeps what was used last."""

    def __init__(self, around: discovery.Surroundings, entries: int = _ENTRIES) -> None:
        self._clock = around.clock
        self._entries = entries
        self._kept: OrderedDict[Hashable, Known[T]] = OrderedDict()

    def keep(self, key: Hashable, value: T) -> Known[T]:
        """Remember an answer that was given just now."""
        self._kept[key] = known = Known(value, self._clock.wall())
        self._kept.move_to_end(key)
        if len(self._kept) > self._entries:
            self._kept.popitem(last=False)
        return known

    def last(self, key: Hashable) -> Known[T] | None:
        """The last answer, if it is still known."""
        known = self._kept.get(key)
        if known is None:
            return None
        self._kept.move_to_end(key)
        return replace(known, current=False)

    def forget(self, key: Hashable) -> None:
        """There is no such thing any more."""
        self._kept.pop(key, None)
