"""Who looked at what is told to the recommendations service, beside the page and never in its way."""

from __future__ import annotations

import asyncio
import logging
from types import TracebackType
from typing import Self

import aiohttp

import discovery

_log = logging.getLogger(__name__)

_LIMIT_S = 1.0
# When more than these are under way, that service is in trouble, and a look is not worth a queue.
_AT_ONCE = 32


class Looks:
    """Owns what is being told; leaving the block ends it."""

    def __init__(self, mesh: discovery.Mesh) -> None:
        self._mesh = mesh
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def tell(self, customer: str, laptop: int) -> None:
        """Tell it soon, or not at all. It is part of the trace of the page that was looked at."""
        if len(self._tasks) >= _AT_ONCE:
            return
        task = asyncio.create_task(self._tell(customer, laptop), name="look")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell(self, customer: str, laptop: int) -> None:
        url = "http://recommendations/recommendations/looks"
        try:
            look = {"customer": customer, "laptop": laptop}
            async with self._mesh.post(url, json=look, timeout=_LIMIT_S) as response:
                _log.debug("a look was answered by %s", response.status)
        except (aiohttp.ClientError, TimeoutError) as error:
            _log.debug("a look was lost: %s", error)
