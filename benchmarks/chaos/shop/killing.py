"""A bad day: an instance is killed every five seconds, and the database and the agent once a minute each."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import click

from benchmarks.chaos.shop.system import AGENT, DATABASE, Shop
from discovery.clock import Clock

EVERY_S, MINUTE_S = 5.0, 60.0
# For so long is dead who is started again by a supervisor, and what an operator starts again.
_DEAD_S, _AWAY_S = 0.5, 3.0
# An instance, whichever.
ANY = ""


def schedule(for_s: float) -> Sequence[tuple[float, str]]:
    """When whom, in so many seconds: the database and the agent at least once, in different thirds of a minute."""
    return sorted([*_every(EVERY_S, EVERY_S, for_s, ANY), *_each_minute(for_s)])


def _each_minute(for_s: float) -> Iterator[tuple[float, str]]:
    period_s = min(MINUTE_S, for_s)
    yield from _every(period_s / 3, period_s, for_s, DATABASE)
    yield from _every(2 * period_s / 3, period_s, for_s, AGENT)


def _every(first_s: float, period_s: float, for_s: float, whom: str) -> Iterator[tuple[float, str]]:
    at_s = first_s
    while at_s < for_s:
        yield at_s, whom
        at_s += period_s


async def kill_all_along(shop: Shop, for_s: float, rng: random.Random, clock: Clock) -> Mapping[str, int]:
    """Kill by that schedule; returns when all is back, with how often it was whom."""
    killed: Counter[str] = Counter()
    began = clock.now()
    try:
        async with asyncio.TaskGroup() as striking:
            for at_s, planned in schedule(for_s):
                await clock.sleep(max(0.0, began + at_s - clock.now()))
                # Where all are still on their way back, nobody is left to be killed.
                if whom := planned or rng.choice([*shop.up] or [ANY]):
                    killed[whom] += 1
                    await shop.kill(whom)
                    striking.create_task(_bring_back(shop, whom, clock))
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None
    click.echo(f"mesh:   killed: {', '.join(f'{name} {times}' for name, times in sorted(killed.items()))}", err=True)
    return killed


async def _bring_back(shop: Shop, whom: str, clock: Clock) -> None:
    await clock.sleep(_AWAY_S if whom in {DATABASE, AGENT} else _DEAD_S)
    await shop.bring_back(whom)
