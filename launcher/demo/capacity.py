"""How many requests a second a machine bears, and how many of them the demonstration sends.

The mesh is to be judged, not the machine. At half of what the machine bears, requests wait for each other little
enough for a slow one to mean something.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

import aiohttp

from discovery.clock import Clock
from launcher.load import Send, Tally

# Enough to keep every process busy; more would only wait in line.
_WORKERS = 8
# Above this nothing more is shown, and below it hardly anything happens while an instance is away.
_MOST, LEAST = 100.0, 4.0
_SHARE = 0.5
# `laptops` gives up on the ports after 1.5 s: who comes near that without a kill will miss it with one.
_NEAR_LIMIT_MS = 750.0


async def capacity(send: Send, *, seconds: float, clock: Clock) -> float:
    """The good answers a second that a closed loop gets: each worker asks again as soon as it was answered."""
    began = clock.now()
    good = 0

    async def work(worker: int) -> None:
        nonlocal good
        number = worker
        while clock.now() - began < seconds:
            # What fails is not borne, and nothing is judged yet.
            with suppress(aiohttp.ClientError, TimeoutError):
                problem = await send(number)
                good += not problem
            number += _WORKERS

    async with asyncio.TaskGroup() as group:
        for worker in range(_WORKERS):
            group.create_task(work(worker))
    return good / (clock.now() - began)


def fair_rate(bears: float) -> float:
    """The rate to send at on a machine that bears so many requests a second: half of them, as a round number."""
    return _rounded(bears * _SHARE)


def lower(rate: float) -> float:
    """The next rate to try where *rate* was too much."""
    return _rounded(rate / 2)


def strained(tally: Tally) -> bool:
    """Whether a load without a kill was too much: something failed, or the slowest came near the system's limits."""
    return tally.failed > 0 or not tally.latency_ms(0.99) <= _NEAR_LIMIT_MS


def _rounded(rate: float) -> float:
    step = 5 if rate >= 20 else 1
    return min(_MOST, max(LEAST, float(round(rate / step) * step)))
