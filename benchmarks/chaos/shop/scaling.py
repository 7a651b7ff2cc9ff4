"""A service grows from one instance to four and shrinks again under load, each with an eighth of a core to itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import aiohttp
import click

from benchmarks.chaos.gateway.load import Answered, due, failed
from benchmarks.chaos.gateway.stage import Stage
from benchmarks.chaos.playing import Scenario
from benchmarks.chaos.shop.quota import quotas
from benchmarks.chaos.shop.system import opened
from discovery.clock import Clock
from launcher.development import Row

_CORES, _MOST, _CALLERS = 0.125, 4, 24
_HOLDS_S, _QUICK_HOLDS_S, _SETTLES_S = 15.0, 3.0, 2.0
_LIMIT_S, _TIMES = 10.0, 2.0
_TOLD = 3
_PATH = "/api/ports/1"


@asynccontextmanager
async def asking(url: str, callers: int, clock: Clock) -> AsyncIterator[list[Answered]]:
    """So many callers, each of whom asks again as soon as he is answered, for the length of the block."""
    done: list[Answered] = []
    over = asyncio.Event()

    async def ask(session: aiohttp.ClientSession) -> None:
        while not over.is_set():
            began, status, error = clock.now(), 0, ""
            try:
                async with session.get(url) as response:
                    status = response.status
                    await response.read()
            except (aiohttp.ClientError, TimeoutError) as failure:
                error = f"{type(failure).__name__}: {failure}"
            done.append(Answered(began, clock.now(), status, status == 200, error or f"status {status}"))

    timeout, connector = aiohttp.ClientTimeout(total=_LIMIT_S), aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session, asyncio.TaskGroup() as group:
        for _ in range(callers):
            group.create_task(ask(session))
        try:
            yield done
        finally:
            over.set()


def rows_of(answers: Sequence[Answered], held: Sequence[tuple[int, float, float]]) -> list[Row]:
    """The figures, from all answers, and how many instances there were between which moments."""
    rates = [(count, len(due(answers, since, until)) / (until - since)) for count, since, until in held]
    alone = rates[0][1]
    top = next(rate for count, rate in rates if count == _MOST)
    times = round(top / alone, 2) if alone else 0.0
    lost = len(failed(answers))
    grown = [count for count, _ in rates].index(_MOST)
    ways = [" on the way up"] * grown + [""] + [" on the way down"] * (len(rates) - grown - 1)
    what = f"ports scaled 1 → {_MOST} → 1, each with {_CORES:g} of a core"
    return [
        Row(f"{what}: requests failed", lost, f"of {len(answers)}", "= 0", lost == 0),
        *(
            Row(f"{what}: answers with {count}{way}", round(rate, 1), "1/s")
            for (count, rate), way in zip(rates, ways, strict=True)
        ),
        Row(f"{what}: throughput of {_MOST}, by that of 1", times, "x", f">= {_TIMES:g} x", times >= _TIMES),
    ]


async def _play(stage: Stage) -> list[Row]:
    names = [f"ports-{number}" for number in range(1, _MOST + 1)]
    held: list[tuple[int, float, float]] = []
    with quotas(_CORES) as give:
        async with opened(stage, ("ports",)) as shop:

            async def hold(count: int) -> None:
                await stage.clock.sleep(_SETTLES_S)
                since = stage.clock.now()
                await stage.pause(_HOLDS_S, _QUICK_HOLDS_S)
                held.append((count, since, stage.clock.now()))

            async def grow(name: str) -> None:
                give((await shop.add(name)).child.pid)

            await grow(names[0])
            await shop.add("gateway-1")
            await shop.system.leads(shop.process("gateway-1"), _PATH)
            async with asking(f"{shop.gateway}{_PATH}", _CALLERS, stage.clock) as answers:
                await hold(1)
                for count, name in enumerate(names[1:], 2):
                    await grow(name)
                    await hold(count)
                for count, name in reversed([*enumerate(names)][1:]):
                    await shop.leave(name)
                    await hold(count)
    for told in sorted({answer.error for answer in failed(answers)})[:_TOLD]:
        click.echo(f"mesh:   {told}", err=True)
    return rows_of(answers, held)


SCENARIOS = (Scenario("scaling", "a service grows from one instance to four, and shrinks again", _play),)
