"""Who waits for a place, and who gets the next one.

A queue makes up for chance: requests come in bunches, and a place is free a moment later. It does not make up for a
lack of places. So it is short, and how it is served depends on how long it is: a short one in turn, which is fair; a
long one from its new end, since then there is no hope to serve all, and whoever came last will still be there when the
answer is (Facebook's adaptive LIFO). A full one takes nobody in, so that most are refused at once and may ask
elsewhere, but for whoever has no hope left, and for whoever has waited for so long that nobody will come to him.

Those that somebody marked as important go before all others, by the same rules among themselves.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import islice
from math import inf
from typing import Generic, TypeVar

T = TypeVar("T")

# Deadlines grow with the time of arrival, more or less, and a refusal must stay cheap however long the queue is.
_LOOK = 16


@dataclass(frozen=True, slots=True, eq=False)
class Waiting(Generic[T]):
    """One that waits, *since* then. ``deadline_at`` is the moment at which its caller stops to do so."""

    ticket: T
    since: float
    deadline_at: float = inf
    important: bool = False


class Queue(Generic[T]):
    """Those who wait, in order of arrival."""

    __slots__ = ("_important", "_others")

    def __init__(self) -> None:
        self._important: deque[Waiting[T]] = deque()
        self._others: deque[Waiting[T]] = deque()

    def __len__(self) -> int:
        return len(self._important) + len(self._others)

    def ahead_of(self, *, important: bool, room: int) -> int:
        """How many would be served before one that comes now."""
        if len(self) > room // 2:
            return 0
        return len(self._important) + (0 if important else len(self._others))

    def push(self, one: Waiting[T]) -> None:
        """Let one more wait."""
        (self._important if one.important else self._others).append(one)

    def pop(self, room: int) -> Waiting[T]:
        """Take out who is next: the first, or the last where more than half of the *room* is taken."""
        line = self._important or self._others
        return line.pop() if len(self) > room // 2 else line.popleft()

    def hopeless(self, by: float) -> list[Waiting[T]]:
        """Take out those whose callers will be gone *by* then, among those who have waited longest."""
        late = [one for line in (self._others, self._important) for one in islice(line, _LOOK) if one.deadline_at < by]
        for one in late:
            self.remove(one)
        return late

    def displaced_by(self, one: Waiting[T], before: float) -> Waiting[T] | None:
        """Take out who makes room for *one*, if anybody: the oldest, if it waits since *before* or counts less."""
        for line, less in ((self._others, one.important), (self._important, False)):
            if line and (less or line[0].since < before) and (one.important or line is self._others):
                return line.popleft()
        return None

    def remove(self, one: Waiting[T]) -> None:
        """Take out one that went away."""
        (self._important if one.important else self._others).remove(one)
