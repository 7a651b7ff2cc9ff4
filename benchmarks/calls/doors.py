"""What a call costs its client: by each of our doors, beside plain aiohttp."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from benchmarks.calls.contest import absolute, client, collector, compared, held, server
from benchmarks.calls.goals import AtLeast
from benchmarks.calls.rounds import Contender, Rounds
from benchmarks.calls.scale import Scale
from launcher.development import Row


@dataclass(frozen=True, slots=True)
class Door:
    """A way of calling: the client that knows it, and what it is compared with."""

    what: str
    client: str
    goal: AtLeast | None = None
    to: str = "plain"
    environ: Mapping[str, str] = field(default_factory=dict)


PLAIN = "plain"
ALL_TRACED = {"OTEL_TRACES_SAMPLER": "always_on"}
NONE_TRACED = {"OTEL_TRACES_SAMPLER": "always_off"}
DOORS: Mapping[str, Door] = {
    PLAIN: Door("a plain session", "plain"),
    "fast": Door("mesh, untraced", "fast", AtLeast(1.0, 0.92)),
    "public": Door("mesh, untraced, the public way", "public", AtLeast(0.85)),
    "traced": Door("mesh, 100 % traced", "observed", AtLeast(0.80, 0.65), environ=ALL_TRACED),
    "unsampled": Door("mesh, 0 % traced, metrics on", "observed", AtLeast(0.95), environ=NONE_TRACED),
    "empty-middleware": Door("an empty middleware", "empty-middleware"),
    "middleware": Door("the mesh's middleware", "middleware", AtLeast(0.88), to="empty-middleware"),
}


async def measure(scale: Scale, loop: str) -> Rounds:
    """All rounds of all doors."""
    async with server("raw") as called, collector() as sent_to:

        async def opens(stack: AsyncExitStack) -> Mapping[str, Contender]:
            return {
                name: Contender(
                    await stack.enter_async_context(client(door.client, called.said, loop, {**sent_to, **door.environ}))
                )
                for name, door in DOORS.items()
            }

        return await held(opens, scale)


def rows(rounds: Rounds) -> list[Row]:
    """The figures for people: by door and method, over all cells."""
    found = []
    for method in ("GET", "POST"):
        found += absolute(f"{method} by a plain session", rounds, PLAIN, method)
        for name, door in DOORS.items():
            if name != PLAIN:
                unit = "× plain" if door.to == PLAIN else "× empty"
                found += compared(f"{method} by {door.what}", rounds, (name, door.to), method, unit, door.goal)
    return found
