"""A bad day: an instance is killed every five seconds, and what all of them need once a minute each."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import click

from benchmarks.chaos.shop.system import AGENT, BROKER, DATABASE, Shop
from discovery.clock import Clock

EVERY_S, MINUTE_S = 5.0, 60.0
# For so long is dead who is started again by a supervisor, and what an operator starts again.
_DEAD_S, _AWAY_S = 0.5, 3.0
# An instance, whichever.
ANY = ""


def schedule(for_s: float, needed: Sequence[str]) -> Sequence[tuple[float, str]]:
    """When whom, in so many seconds: each of those that are *needed* at least once, in different parts of a minute."""
    period_s = min(MINUTE_S, for_s)
    planned = [*_every(EVERY_S, EVERY_S, for_s, ANY)]
    for number, whom in enumerate(needed, 1):
        planned += _every(number * period_s / (len(needed) + 1), period_s, for_s, whom)
    return sorted(planned)


def _every(first_s: float, period_s: float, for_s: float, whom: str) -> Iterator[tuple[float, str]]:
    at_s = first_s
    while at_s < for_s:
        yield at_s, whom
        at_s += period_s


async def kill_all_along(shop: Shop, for_s: float, rng: random.Random, clock: Clock) -> Mapping[str, int]:
    """Kill by that schedule; returns when all is back, with how often it was whom."""
    killed: Counter[str] = Counter()
    began = clock.now()
    needed = (DATABASE, AGENT, BROKER) if shop.broker else (DATABASE, AGENT)
    try:
        async with asyncio.TaskGroup() as striking:
            for at_s, planned in schedule(for_s, needed):
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
    await clock.sleep(_AWAY_S if whom in {DATABASE, AGENT, BROKER} else _DEAD_S)
    await shop.bring_back(whom)
