"""What comes in goes to the database, one request a transaction, and what cannot is counted.

A sender waits until its request is committed. Only so many may wait: above that, and while the database cannot be
written, a request is refused at once, since a sender that keeps it can try again and we could only forget it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from functools import partial

from discovery.web import Problem
from observability.console.ingest import window
from observability.console.ingest.parcel import Parcel
from observability.console.ingest.stored import Stored
from observability.console.store.database import Database, WallClock

_log = logging.getLogger(__name__)

# What may wait for the database: a second of the highest rate, and four of the largest requests.
MAX_WAITING = 64
MAX_WAITING_BYTES = 32 * 2**20

# OTLP's throttling: 429 or 503, and when to try again. The exporter for Python repeats 503 only.
LATER = {"Retry-After": "1"}


class Recorder:
    """Counts by signal (``traces``, ``logs``, ``metrics``) are of spans, lines and points.

    ``received`` is what was new and is stored; ``dropped`` is what was in refused requests, and what found no room in
    its trace. ``sequence`` grows with everything stored. ``trouble`` says why the latest request was not stored, and
    is empty when it was.
    """

    def __init__(self, database: Database, clock: WallClock, keep_s: float) -> None:
        self._database = database
        self._clock = clock
        self._keep_s = keep_s
        self._waiting = 0
        self._waiting_bytes = 0
        self._refused = 0
        self._stored = asyncio.Event()
        self.received: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
        self.sequence = 0
        self.trouble = ""

    async def news(self, after: int) -> int:
        """Wait until ``sequence`` is above *after*, and return it."""
        while self.sequence <= after:
            await self._stored.wait()
        return self.sequence

    async def admit(self, parcel: Parcel) -> None:
        """Let *parcel* wait for the database; :meth:`store` has to follow at once.

        Raises:
            Problem: 503, when too much is waiting.
            ValueError: when it is too much, and cannot be read either.
        """
        size = self._waiting_bytes + parcel.size
        if self._waiting >= MAX_WAITING or (self._waiting and size > MAX_WAITING_BYTES):
            await self._refuse(parcel, "more comes in than can be stored")
            raise Problem(503, "too much is waiting to be stored", headers=LATER)
        self._waiting += 1
        self._waiting_bytes = size

    async def store(self, parcel: Parcel) -> Stored:
        """Store what was admitted; it is committed when this returns.

        Raises:
            Problem: 503, when the database cannot be written.
            ValueError: when it cannot be read.
        """
        believed = window.around(self._clock.wall(), self._keep_s)
        try:
            stored = await self._database.write(partial(parcel.store, window=believed))
        except Problem as problem:
            await self._refuse(parcel, f"{problem.detail}: {problem.cause}")
            raise
        finally:
            self._waiting -= 1
            self._waiting_bytes -= parcel.size
        self.received[parcel.signal] += stored.new
        if stored.dropped:
            self.dropped[parcel.signal] += stored.dropped
        self.trouble = ""
        if stored.new:
            self._tell()
        return stored

    def turn_away(self, reason: str) -> None:
        """Remember that a request was refused of which nobody knows what was in it."""
        self._refused += 1
        self.trouble = reason
        if self._refused & (self._refused - 1) == 0:  # the 1st, 2nd, 4th, ...: heard at once, and never a flood
            _log.warning("%d requests with telemetry were not stored: %s", self._refused, reason)

    def _tell(self) -> None:
        self.sequence += 1
        # Whoever waits has this event; whoever comes later waits for the next.
        self._stored.set()
        self._stored = asyncio.Event()

    async def _refuse(self, parcel: Parcel, reason: str) -> None:
        lost = await asyncio.to_thread(parcel.count)
        self.dropped[parcel.signal] += lost
        self.turn_away(reason)
