"""A steady load, open loop: each request is sent when it is due, whatever became of those before it.

A closed loop, which waits for an answer before it asks again, asks least exactly while the system is slow, and so
hides what a user would feel. For the same reason a request's time counts from the moment it was due.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import aiohttp

from discovery.clock import Clock

# Sends the request of that number; returns what was wrong with the answer, or "" when nothing was.
Send = Callable[[int], Awaitable[str]]


@dataclass(slots=True)
class Tally:
    """What became of the requests. ``latencies_s`` has those that were answered well."""

    sent: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    latencies_s: list[float] = field(default_factory=list)

    @property
    def failed(self) -> int:
        """How many failed, of whatever kind."""
        return self.failures.total()

    def latency_ms(self, share: float) -> float:
        """The time within which this *share* of the requests was answered."""
        return round(quantile(self.latencies_s, share) * 1000, 1)


async def drive(send: Send, *, rate: float, seconds: float, clock: Clock) -> Tally:
    """Send ``rate * seconds`` requests at even distances, and wait until the last is answered."""
    tally = Tally()
    begin = clock.now()

    async def one(number: int, due: float) -> None:
        try:
            problem = await send(number)
        except (aiohttp.ClientError, TimeoutError) as exc:
            problem = type(exc).__name__
        if problem:
            tally.failures[problem] += 1
        else:
            tally.latencies_s.append(clock.now() - due)

    async with asyncio.TaskGroup() as group:
        for number in range(round(rate * seconds)):
            due = begin + number / rate
            if (early := due - clock.now()) > 0:
                await clock.sleep(early)
            tally.sent += 1
            group.create_task(one(number, due))
    return tally


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest of *values* that this *share* of them does not exceed (nearest rank); NaN for none."""
    if not values:
        return math.nan
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
