"""``python -m launcher.customers 3 http://127.0.0.1:8080``: so many customers of that shop, until a signal comes."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from random import Random

from discovery.clock import SystemClock
from launcher.customers.customer import Customer, session_of
from launcher.local import run_until_signal


async def crowd(count: int, shop: str) -> None:
    """All of them, side by side, for ever."""
    clock, rng = SystemClock(), Random()

    async def one(number: int) -> None:
        async with session_of(shop) as session:
            # They do not come all at once.
            await clock.sleep(number * rng.uniform(0.5, 1.5))
            await Customer(f"customer-{number + 1}", session, rng, clock, print).live()

    async with asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(one(number))


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        run_until_signal(crowd(int(sys.argv[1]), sys.argv[2]), kill=lambda: None)
