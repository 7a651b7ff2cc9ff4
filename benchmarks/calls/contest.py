"""A contest: contenders that are opened several times, and their rounds."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from statistics import median

import aiohttp

from benchmarks.calls.goals import AtLeast
from benchmarks.calls.load import CELLS, Cell
from benchmarks.calls.processes import Process, python
from benchmarks.calls.rounds import Contender, Rounds
from benchmarks.calls.scale import Scale
from launcher.development import Row

# Opens the contenders by name, for as long as the stack lasts.
Opens = Callable[[AsyncExitStack], Awaitable[Mapping[str, Contender]]]


async def held(opens: Opens, scale: Scale) -> Rounds:
    """Hold all rounds.

    The processes are started anew several times, since where one happens to lie in memory makes it faster or slower
    by some percent for as long as it lives.
    """
    rounds = Rounds()
    for numbers in scale.generations():
        async with AsyncExitStack() as stack:
            contenders = await opens(stack)
            await rounds.warm(contenders, CELLS, scale.warm_calls)
            for number in numbers:
                await rounds.add(contenders, CELLS, scale.calls, number)
    return rounds


def of(method: str) -> Sequence[Cell]:
    """All cells of that method."""
    return [cell for cell in CELLS if cell.method == method]


def compared(
    what: str, rounds: Rounds, pair: tuple[str, str], method: str, unit: str, goal: AtLeast | None
) -> list[Row]:
    """The two rows of a *pair*, the second being what the first is compared with."""
    name, to = pair
    cost, rate = rounds.cost(name, to, of(method)), rounds.rate(name, to, of(method))
    return [
        goal.row(f"{what}: CPU", cost, unit) if goal else Row(f"{what}: CPU", round(cost, 3), unit),
        Row(f"{what}: throughput", round(rate, 3), unit),
    ]


def absolute(what: str, rounds: Rounds, name: str, method: str) -> list[Row]:
    """The two rows of what the others are compared with."""
    made = [each for cell in of(method) for each in rounds.made[name, cell]]
    return [
        Row(what, round(median(each.rate for each in made)), "calls/s"),
        Row(f"{what}: CPU", round(median(each.cost_us for each in made), 1), "µs/call"),
    ]


def in_cells(rounds: Rounds, whats: Mapping[str, str], to: str) -> list[dict[str, object]]:
    """The figures for programs: every contender in every cell, beside *to*."""
    return [
        {
            "name": name,
            "what": what,
            "cell": str(cell),
            "cpu": round(rounds.cost(name, to, [cell]), 3),
            "throughput": round(rounds.rate(name, to, [cell]), 3),
            "cpu_us": round(median(each.cost_us for each in rounds.made[name, cell]), 1),
            "calls_per_s": round(median(each.rate for each in rounds.made[name, cell])),
        }
        for name, what in whats.items()
        for cell in CELLS
    ]


@asynccontextmanager
async def collector() -> AsyncIterator[Mapping[str, str]]:
    """A process that takes telemetry; yields the environment that leads there."""
    async with server("collector") as taker:
        # One line of the log for every client would come between the figures.
        yield {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{taker.said}", "MESH_LOG_LEVEL": "error"}


async def arrived(sent_to: Mapping[str, str], scope: str) -> int:
    """How many spans of that scope the collector has got."""
    url = sent_to["OTEL_EXPORTER_OTLP_ENDPOINT"]
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        spans: Mapping[str, int] = await response.json()
    return spans.get(scope, 0)


@asynccontextmanager
async def server(
    kind: str,
    loop: str = "asyncio",
    upstream: str = "",
    environ: Mapping[str, str] | None = None,
    program: str = sys.executable,
) -> AsyncIterator[Process]:
    """A server in a process of its own."""
    words = ("benchmarks.calls.serving", kind, loop, upstream)
    async with python(*words, environ=environ, program=program) as process:
        yield process


@asynccontextmanager
async def client(
    kind: str,
    address: str,
    loop: str = "asyncio",
    environ: Mapping[str, str] | None = None,
    program: str = sys.executable,
) -> AsyncIterator[Process]:
    """A client in a process of its own."""
    words = ("benchmarks.calls.worker", kind, address, loop)
    async with python(*words, environ=environ, program=program) as process:
        yield process
