"""What users and faults do to the system while it is looked at."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import NoReturn

from discovery import wire
from discovery.clock import SystemClock
from tests.observability.surroundings.system import System

_EVERY_S = 0.05
# Half of the answers of one service of two say "not now", so that callers repeat; a few of another are errors.
FAULTS = {"ports": '{"status": 503, "share": 0.5}', "laptops": '{"status": 500, "share": 0.1}'}


@asynccontextmanager
async def traffic(system: System) -> AsyncIterator[None]:
    """Requests through the gateway for the length of the block, some of which fail, are repeated or refused."""
    for service, fault in FAULTS.items():
        await system.put(f"mesh/{service}/fault", fault)
    users = asyncio.create_task(_ask(system, await system.address("gateway"), await system.address("laptops")))
    try:
        yield
    finally:
        users.cancel()
        with suppress(asyncio.CancelledError):
            await users


async def _ask(system: System, gateway: str, laptops: str) -> NoReturn:
    clock = SystemClock()
    number = 0
    while True:
        number += 1
        async with system.session.get(f"{gateway}/api/laptops/{number % 5 + 1}") as response:
            await response.read()
        if number % 5 == 0:
            # Its caller's time is up: it is refused unprocessed.
            async with system.session.get(f"{laptops}/laptops/1", headers={wire.DEADLINE: "0"}) as response:
                await response.read()
        await clock.sleep(_EVERY_S)
