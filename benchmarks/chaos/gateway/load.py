"""An open loop: requests at a steady rate, whoever answers how fast, and what became of each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Any

import aiohttp

from discovery.clock import Clock

_PATIENCE_S = 15.0


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: ``expected`` are the statuses that are no failure."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    document: Mapping[str, Any] | None = None
    expected: tuple[int, ...] = (200,)


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of a request that was due at a moment: a status, or an error in words."""

    due_at: float
    ended_at: float
    status: int
    well: bool
    error: str = ""


def failed(answers: Sequence[Answered]) -> list[Answered]:
    """Those that were not answered as they have to be."""
    return [answer for answer in answers if not answer.well]


def p99_ms(answers: Sequence[Answered]) -> float:
    """How long 99 of 100 took at most, from the moment at which they were due."""
    took = [answer.ended_at - answer.due_at for answer in answers]
    return round(1e3 * quantiles(took, n=100, method="inclusive")[98], 1) if len(took) > 1 else 0.0


def due(answers: Sequence[Answered], since: float, until: float) -> list[Answered]:
    """Those that were due in that time."""
    return [answer for answer in answers if since <= answer.due_at < until]


# What to ask next, by the number of the request.
Next = Callable[[int], Asked]


@asynccontextmanager
async def sending(
    ask: Next, rate: float, clock: Clock, *, ssl: Any = True
) -> AsyncIterator[Callable[[], Awaitable[Sequence[Answered]]]]:
    """Send at that *rate*; what is yielded stops it, waits for what is under way, and returns all answers."""
    done: list[Answered] = []
    over = asyncio.Event()
    timeout = aiohttp.ClientTimeout(total=_PATIENCE_S)

    async def one(session: aiohttp.ClientSession, asked: Asked, due_at: float) -> None:
        status, error = 0, ""
        try:
            async with session.request(
                asked.method, asked.url, headers=asked.headers, json=asked.document, ssl=ssl, allow_redirects=False
            ) as response:
                status = response.status
                await response.read()
        except (aiohttp.ClientError, TimeoutError) as failure:
            error = f"{type(failure).__name__}: {failure}"
        well = not error and status in asked.expected
        done.append(Answered(due_at, clock.now(), status, well, error or ("" if well else f"status {status}")))

    async def all_of_them() -> None:
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session, asyncio.TaskGroup() as group:
            begun, number = clock.now(), 0
            while not over.is_set():
                due_at = begun + number / rate
                if (early := due_at - clock.now()) > 0:
                    await clock.sleep(early)
                group.create_task(one(session, ask(number), due_at))
                number += 1

    task = asyncio.create_task(all_of_them())

    async def stop() -> Sequence[Answered]:
        over.set()
        await task
        return done

    try:
        yield stop
    finally:
        task.cancel()
        await asyncio.wait([task])
