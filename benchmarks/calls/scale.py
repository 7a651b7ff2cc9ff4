"""How much is measured: enough to be sure, or little to be quick."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """*rounds* of so many *calls*, by processes that are started anew before every *lives*-th part of the rounds."""

    calls: int
    warm_calls: int
    rounds: int
    lives: int

    def generations(self) -> Iterator[range]:
        """The numbers of the rounds that one set of processes makes, for each set."""
        size = self.rounds // self.lives
        for life in range(self.lives):
            yield range(life * size, (life + 1) * size)

    def __str__(self) -> str:
        starts = f", client processes started {self.lives} times" if self.lives > 1 else ""
        return f"{self.calls:,} calls a round, median of {self.rounds} rounds that take turns{starts}"


FULL = Scale(calls=1920, warm_calls=320, rounds=9, lives=3)
QUICK = Scale(calls=640, warm_calls=128, rounds=3, lives=1)
