"""What every scenario is given, and what it gives back."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.chaos import judging
from benchmarks.chaos.field import LOOPBACK, Field
from benchmarks.chaos.field import field as opened
from benchmarks.chaos.load import Load
from benchmarks.chaos.peer import Plan
from discovery.clock import Clock
from launcher.development import Row
from launcher.local import Choice

# Like nobody else's, since in a Consul of others they would share their traffic.
SERVICE = "chaos-web"
RATE = 150.0
# So much of it is POSTs.
POST_EVERY = 4


@dataclass(slots=True, kw_only=True)
class Stage:
    """Where the scenarios play. ``twice`` counts the POSTs that were executed more than once, over all of them.

    ``versions`` has those of programs that a scenario found.
    """

    choice: Choice
    clock: Clock
    seed: int
    quick: bool
    twice: int = 0
    posts: int = 0
    versions: dict[str, str] = field(default_factory=dict)
    _three: list[Field] = field(default_factory=list)

    def seconds(self, full: float, quick: float) -> float:
        """How long something lasts in this run."""
        return quick if self.quick else full

    async def pause(self, full: float, quick: float) -> None:
        """Let so much time pass."""
        await self.clock.sleep(self.seconds(full, quick))

    @asynccontextmanager
    async def field(
        self, choice: Choice | None = None, prefix: tuple[str, ...] = (), host: str = LOOPBACK
    ) -> AsyncIterator[Field]:
        """Processes of a scenario's own; *prefix* is what their Consul is run by, *host* where it listens."""
        # Short, since the path of a Unix socket is.
        with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
            async with opened(choice or self.choice, Path(folder), self.clock, prefix, host) as playing:
                yield playing
                arrivals = playing.arrivals()
                self.twice += judging.executed_twice(arrivals)
                self.posts += len({each.id for each in arrivals if each.method == "POST"})

    @asynccontextmanager
    async def three(self) -> AsyncIterator[None]:
        """Three instances of one service, for all scenarios of the block that ask for :meth:`whole`."""
        async with self.field() as playing:
            for number in (1, 2, 3):
                await playing.add(self.plan(playing, SERVICE, number))
            self._three.append(playing)
            try:
                yield
            finally:
                self._three.pop()

    async def whole(self) -> Field:
        """The three instances, all there and well."""
        playing = self._three[-1]
        await playing.whole()
        return playing

    def plan(self, playing: Field, service: str, number: int, *, work_s: float = 0.005, slots: int = 0) -> Plan:
        """A peer of *service*."""
        return Plan(
            service=service,
            instance=f"{service}-{number}",
            folder=str(playing.folder),
            work_s=work_s,
            slots=slots,
            seed=self.seed,
        )

    def steady(self, playing: Field, prefix: str, rate: float = RATE, post_every: int = POST_EVERY) -> Load:
        """The usual load on the three, until it is told to end."""
        return Load(
            service=SERVICE,
            prefix=f"{prefix}-",
            folder=str(playing.folder),
            phases=((rate, None),),
            post_every=post_every,
            seed=self.seed,
        )


def at_most(what: str, value: float, most: float, unit: str) -> Row:
    """A figure that may not be larger."""
    return Row(what, value, unit, f"<= {most:g} {unit}".rstrip(), value <= most)


def none(what: str, count: int, of: int) -> Row:
    """A count that has to be zero."""
    return Row(what, count, f"of {of}", "= 0", count == 0)
