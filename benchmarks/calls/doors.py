"""What a call costs its client: by each of our doors, beside plain aiohttp."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from statistics import median

from benchmarks.calls.goals import AtLeast
from benchmarks.calls.load import CELLS, Cell
from benchmarks.calls.processes import python
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
_SAMPLER = "OTEL_TRACES_SAMPLER"
DOORS: Mapping[str, Door] = {
    PLAIN: Door("a plain session", "plain"),
    "fast": Door("mesh, untraced", "fast", AtLeast(1.0, 0.92)),
    "public": Door("mesh, untraced, the public way", "public", AtLeast(0.85)),
    "traced": Door("mesh, 100 % traced", "observed", AtLeast(0.80, 0.65), environ={_SAMPLER: "always_on"}),
    "unsampled": Door("mesh, 0 % traced, metrics on", "observed", AtLeast(0.95), environ={_SAMPLER: "always_off"}),
    "empty-middleware": Door("an empty middleware", "empty-middleware"),
    "middleware": Door("the mesh's middleware", "middleware", AtLeast(0.88), to="empty-middleware"),
}


async def measure(scale: Scale, doors: Mapping[str, Door], loop: str) -> Rounds:
    """All rounds of these *doors*.

    The clients are started anew several times, since where a process happens to lie in memory makes it faster or
    slower by some percent for as long as it lives.
    """
    rounds = Rounds()
    async with AsyncExitStack() as servers:
        server = await servers.enter_async_context(python("benchmarks.calls.servers", "raw", "asyncio"))
        collector = await servers.enter_async_context(python("benchmarks.calls.servers", "collector", "asyncio"))
        sent_to = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{collector.said}", "MESH_LOG_LEVEL": "warning"}
        for numbers in scale.generations():
            async with AsyncExitStack() as stack:
                contenders = {
                    name: Contender(
                        await stack.enter_async_context(
                            python(
                                *("benchmarks.calls.worker", door.client, server.said, loop),
                                environ=sent_to | dict(door.environ),
                            )
                        )
                    )
                    for name, door in doors.items()
                }
                await rounds.warm(contenders, CELLS, scale.warm_calls)
                for number in numbers:
                    await rounds.add(contenders, CELLS, scale.calls, number)
    return rounds


def rows(rounds: Rounds, doors: Mapping[str, Door]) -> list[Row]:
    """The figures for people: by door and method, over all cells."""
    found = []
    for method in ("GET", "POST"):
        cells = [cell for cell in CELLS if cell.method == method]
        plain = [each for cell in cells for each in rounds.made[PLAIN, cell]]
        found += [
            Row(f"{method} by a plain session", round(median(each.rate for each in plain)), "calls/s"),
            Row(f"{method} by a plain session: CPU", round(median(each.cost_us for each in plain), 1), "µs/call"),
        ]
        for name, door in doors.items():
            if name != PLAIN:
                found += _compared(f"{method} by {door.what}", door, rounds, name, cells)
    return found


def _compared(what: str, door: Door, rounds: Rounds, name: str, cells: Sequence[Cell]) -> list[Row]:
    unit = "× plain" if door.to == PLAIN else "× empty"
    cost, rate = rounds.cost(name, door.to, cells), rounds.rate(name, door.to, cells)
    said = f"{what}: CPU"
    return [
        door.goal.row(said, cost, unit) if door.goal else Row(said, round(cost, 3), unit),
        Row(f"{what}: throughput", round(rate, 3), unit),
    ]


def cells(rounds: Rounds, doors: Mapping[str, Door]) -> list[dict[str, object]]:
    """The figures for programs: every door in every cell, beside plain."""
    return [
        {
            "door": name,
            "what": door.what,
            "cell": str(cell),
            "cost": round(rounds.cost(name, PLAIN, [cell]), 3),
            "rate": round(rounds.rate(name, PLAIN, [cell]), 3),
            "cpu_us": round(median(each.cost_us for each in rounds.made[name, cell]), 1),
            "calls_per_s": round(median(each.rate for each in rounds.made[name, cell])),
        }
        for name, door in doors.items()
        for cell in CELLS
    ]
