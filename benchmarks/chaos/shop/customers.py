"""Customers who order at a steady rate, and ask again under the same key until they are told something definite."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import aiohttp
import click

from discovery.clock import Clock

_LIMIT_S, _FIRST_S, _LONGEST_S = 5.0, 0.5, 4.0
# Of so many orders one is sent twice at once, as by a double click.
_DOUBLE_EVERY = 10


@dataclass(slots=True)
class Placed:
    """An order that somebody wants. ``ids`` are those that he was told; ``status`` is the last that was definite."""

    customer: str
    document: Mapping[str, Any]
    key: str = field(default_factory=lambda: uuid4().hex)
    ids: set[int] = field(default_factory=set)
    status: int = 0
    tries: int = 0


def wishes(count: int, prices: Mapping[int, int], customers: Sequence[str], rng: random.Random) -> list[Placed]:
    """So many orders of what is sold at these *prices*: one to three lines, and not all of them can go well."""
    return [_wish(prices, rng.choice(customers), rng) for _ in range(count)]


def _wish(prices: Mapping[int, int], customer: str, rng: random.Random) -> Placed:
    lines = [
        # Some have seen a price of yesterday.
        {"laptop": laptop, "quantity": rng.randint(1, 3), "price_cents": prices[laptop] - (rng.random() < 0.03)}
        for laptop in rng.sample(sorted(prices), rng.randint(1, 3))
    ]
    (card,) = rng.choices(("ok", "declined", "insufficient-funds"), (90, 6, 4))
    return Placed(customer, {"lines": lines, "card": card})


class Customers:
    """Those who place orders at *url*; *token* makes one for whom it is given."""

    def __init__(self, url: str, token: Callable[[str], str], clock: Clock) -> None:
        self._url = url
        self._token = token
        self._clock = clock

    async def order(self, wanted: Sequence[Placed], rate: float, patience_s: float) -> None:
        """Place all of them at that *rate*; none is asked for any longer *patience_s* after the last one was due."""
        timeout = aiohttp.ClientTimeout(total=_LIMIT_S)
        connector = aiohttp.TCPConnector(limit=0)
        began = self._clock.now()
        until = began + len(wanted) / rate + patience_s
        async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session, asyncio.TaskGroup() as group:
            for number, placed in enumerate(wanted):
                await self._clock.sleep(max(0.0, began + number / rate - self._clock.now()))
                for _ in range(1 + (number % _DOUBLE_EVERY == 0)):
                    group.create_task(self._place(session, placed, until))

    async def _place(self, session: aiohttp.ClientSession, placed: Placed, until: float) -> None:
        pause_s = _FIRST_S
        while self._clock.now() < until:
            placed.tries += 1
            # A token of its own each time: it may take longer than one lives.
            headers = {"Authorization": f"Bearer {self._token(placed.customer)}", "Idempotency-Key": placed.key}
            try:
                async with session.post(f"{self._url}/api/orders", json=placed.document, headers=headers) as response:
                    status, told = response.status, await response.json(content_type=None)
            except (aiohttp.ClientError, TimeoutError, ValueError):
                status, told = 0, None
            if status == 202 and isinstance(told, dict):
                placed.ids.add(told["id"])
            if status == 202 or (400 <= status < 500 and status not in {409, 429}):
                placed.status = status
                if status != 202:
                    click.echo(f"mesh:   an order is answered by {status}: {told}", err=True)
                return
            await self._clock.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_S)
