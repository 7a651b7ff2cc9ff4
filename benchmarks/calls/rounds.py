"""Rounds that take turns: in each, every contender does the same, one after another, and is compared with plain."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median

from benchmarks.calls.load import Cell, Round
from benchmarks.calls.processes import Process, used_s

Compare = Callable[[Round, Round], float]


@dataclass(frozen=True, slots=True)
class Contender:
    """One way of calling: a client process, and others that take part.

    ``servers`` and ``sidecars`` (by the numbers of their processes) count with what they use; ``own`` tells whether
    the client itself does.
    """

    client: Process
    servers: tuple[Process, ...] = ()
    sidecars: tuple[int, ...] = ()
    own: bool = True

    async def round(self, cell: Cell, calls: int) -> Round:
        """Make so many calls."""
        before = self._others_s()
        answer = json.loads(await self.client.ask(json.dumps({"cell": asdict(cell), "calls": calls})))
        for server in self.servers:
            await server.ask("flush")
        others_s = self._others_s() - before
        return Round(answer["calls"], answer["took_s"], others_s + (answer["used_s"] if self.own else 0.0))

    def _others_s(self) -> float:
        return sum(used_s(pid) for pid in (*self.sidecars, *(server.pid for server in self.servers)))


@dataclass(slots=True)
class Rounds:
    """What all rounds of one set of contenders took, by contender and cell, in the order in which they were made."""

    made: dict[tuple[str, Cell], list[Round]] = field(default_factory=lambda: defaultdict(list))

    async def warm(self, contenders: Mapping[str, Contender], cells: Iterable[Cell], calls: int) -> None:
        """Open the connections and fill the caches, uncounted."""
        for cell in cells:
            for contender in contenders.values():
                await contender.round(cell, calls)

    async def add(self, contenders: Mapping[str, Contender], cells: Iterable[Cell], calls: int, number: int) -> None:
        """Make the round of that *number* in every cell. Who begins changes, since the first may have it harder."""
        names = list(contenders)
        for cell in cells:
            first = number % len(names)
            for name in names[first:] + names[:first]:
                self.made[name, cell].append(await contenders[name].round(cell, calls))

    def cost(self, name: str, to: str, cells: Sequence[Cell]) -> float:
        """How many calls of *name* one has for the processor time of one call of *to*: the median of all rounds."""
        return self._median(name, to, cells, lambda one, other: other.cost_us / one.cost_us)

    def rate(self, name: str, to: str, cells: Sequence[Cell]) -> float:
        """How many calls of *name* are made in the time of one call of *to*: the median of all rounds."""
        return self._median(name, to, cells, lambda one, other: one.rate / other.rate)

    def _median(self, name: str, to: str, cells: Sequence[Cell], compare: Compare) -> float:
        return median(
            compare(one, other)
            for cell in cells
            for one, other in zip(self.made[name, cell], self.made[to, cell], strict=True)
        )
