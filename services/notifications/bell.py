"""Who listens is told that something came for him, whichever instance took it: one look at the table does for all."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import discovery
from discovery.web import Problem
from services.kit.data.database import Database
from services.notifications import store

_log = logging.getLogger(__name__)

# So often it looks, while somebody listens.
EVERY_S = 1.0
# At one instance. A customer may have as many pages open, and then some of them are not live.
LISTENERS_MAX = 256
OF_ONE_MAX = 4

_LATER = {"Retry-After": "5"}


class Bell:
    """Rings for those for whom something is new in *database*."""

    def __init__(self, database: Database, around: discovery.Surroundings) -> None:
        self._database = database
        self._clock = around.clock
        self._rung: dict[asyncio.Event, str | None] = {}
        self._somebody = asyncio.Event()

    @contextmanager
    def listening(self, customer: str | None) -> Iterator[asyncio.Event]:
        """What is set whenever there may be news for *customer*; None is everybody.

        Raises:
            Problem: 429 when the customer has enough, 503 when there is no room for anybody.
        """
        if len(self._rung) >= LISTENERS_MAX:
            raise Problem(503, "there is no room for another listener now", headers=_LATER)
        if customer is not None and Counter(self._rung.values())[customer] >= OF_ONE_MAX:
            raise Problem(429, f"{OF_ONE_MAX} pages of yours are live already", headers=_LATER)
        rung = asyncio.Event()
        self._rung[rung] = customer
        self._somebody.set()
        try:
            yield rung
        finally:
            del self._rung[rung]
            if not self._rung:
                self._somebody.clear()

    async def forever(self) -> None:
        """Look for news while there is somebody to tell, until it is cancelled."""
        reached: int | None = None
        while True:
            if not self._somebody.is_set():
                reached = None
                await self._somebody.wait()
            try:
                reached = await self._look(reached)
            except Problem as problem:
                _log.info("who listens is told later: %s", problem.detail)
            except Exception:  # noqa: BLE001 - whatever it was, the next look may tell what is new
                _log.exception("who listens is told later")
            await self._clock.sleep(EVERY_S)

    async def _look(self, reached: int | None) -> int:
        if reached is None:
            # What came while nobody looked is in what everybody reads now.
            newest = await self._database.read(store.newest)
            for rung in self._rung:
                rung.set()
            return newest
        news = await self._database.read(partial(store.news, after=reached))
        for rung, customer in self._rung.items():
            if customer in news.customers or (customer is None and news.customers):
                rung.set()
        return news.newest
