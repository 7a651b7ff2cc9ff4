"""Consul's key-value store, with its indexes. Pure: no clock, no I/O.

A key's index is that of its last change; a missing key has the store's. A prefix has the highest index of what is
or was below it, and the store's when nothing ever was; what was is remembered by prefix only while it may matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from discovery.devagent.catalog import Counter

# How many deletions are remembered. Consul forgets them after a quarter of an hour.
_TOMBSTONES = 1024


@dataclass(frozen=True, slots=True)
class Pair:
    """One key with its value."""

    key: str
    value: bytes
    flags: int
    created: int
    modified: int


class KeyValues:
    """Keys in order."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._pairs: dict[str, Pair] = {}
        self._tombstones: dict[str, int] = {}
        self.index = counter.last

    def get(self, key: str) -> Pair | None:
        return self._pairs.get(key)

    def below(self, prefix: str) -> list[Pair]:
        """All pairs whose key starts with *prefix*, ordered by key."""
        return [self._pairs[key] for key in sorted(self._pairs) if key.startswith(prefix)]

    def key_index(self, key: str) -> int:
        pair = self._pairs.get(key)
        return pair.modified if pair else self.index

    def prefix_index(self, prefix: str) -> int:
        if not prefix:
            return self.index
        living = (pair.modified for key, pair in self._pairs.items() if key.startswith(prefix))
        dead = (index for key, index in self._tombstones.items() if key.startswith(prefix))
        return max((*living, *dead), default=self.index)

    def put(self, key: str, value: bytes, *, flags: int = 0, cas: int | None = None) -> bool:
        """Store a value; with *cas*, only when the key still has that index (0: does not exist)."""
        known = self._pairs.get(key)
        if cas is not None and cas != (known.modified if known else 0):
            return False
        if known is None or (known.value, known.flags) != (value, flags):
            index = self.index = self._counter.next()
            self._pairs[key] = Pair(key, value, flags, known.created if known else index, index)
            self._tombstones.pop(key, None)
        return True

    def delete(self, key: str, *, cas: int | None = None) -> bool:
        """Take out a key; one that is gone already is no error. A *cas* of 0 never matches, as in Consul."""
        known = self._pairs.get(key)
        if cas is not None and known is not None and cas != known.modified:
            return False
        if known is not None:
            self._bury([key])
        return True

    def delete_below(self, prefix: str) -> None:
        """Take out every key that starts with *prefix*."""
        if keys := [pair.key for pair in self.below(prefix)]:
            self._bury(keys)

    def _bury(self, keys: Sequence[str]) -> None:
        self.index = self._counter.next()
        for key in keys:
            del self._pairs[key]
            self._tombstones.pop(key, None)
            self._tombstones[key] = self.index
        for oldest in list(self._tombstones)[:-_TOMBSTONES]:
            del self._tombstones[oldest]
