"""A program that asks for something again and again, whatever it is answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress

import aiohttp

from launcher.scenario.stage import Stage
from launcher.scenario.trouble import Trouble

# Of a system that does not answer no more is asked than so many at once.
_AT_ONCE = 100

# With which headers to ask.
Headers = Callable[[], Awaitable[Mapping[str, str]]]


async def as_stranger() -> Mapping[str, str]:
    """With none."""
    return {}


@asynccontextmanager
async def asking(
    stage: Stage, path: Callable[[int], str], rate: float, headers: Headers = as_stranger
) -> AsyncIterator[None]:
    """Ask the gateway *rate* times a second, for the length of a block; *path* makes a path of a request's number."""
    async with aiohttp.ClientSession(stage.url("shop", "")) as session:
        under_way = 0

        async def one(number: int) -> None:
            nonlocal under_way
            under_way += 1
            try:
                with suppress(aiohttp.ClientError, TimeoutError, Trouble):
                    async with session.get(path(number), headers=await headers()) as response:
                        await response.read()
            finally:
                under_way -= 1

        async def all_of_them() -> None:
            began = stage.clock.now()
            number = 0
            async with asyncio.TaskGroup() as group:
                while True:
                    # Who comes late does not make up for what was not asked.
                    number = max(number + 1, int((stage.clock.now() - began) * rate))
                    await stage.clock.sleep(max(0.0, began + number / rate - stage.clock.now()))
                    if under_way < _AT_ONCE:
                        group.create_task(one(number))

        task = asyncio.create_task(all_of_them())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
