"""How many of one signal were lost on their way to the collector, counted exactly and told rarely.

Left to itself, the SDK says several lines for every batch that fails and one for every item that finds no room,
but never how many were lost. Here it is one line at once, and then one a minute with the number.
"""

from __future__ import annotations

import logging
import threading

from discovery.clock import Clock

_log = logging.getLogger(__name__)

# How often a collector that stays away is mentioned.
REPEAT_S = 60.0


class Ledger:
    """What became of the items of one signal: waiting, delivered or lost. Called from several threads.

    At most *capacity* wait, the batch that is being sent included.
    """

    def __init__(self, signal: str, capacity: int, clock: Clock) -> None:
        self._signal = signal
        self._capacity = capacity
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting = 0
        self._untold = 0
        self._told_at: float | None = None
        self._told_away = False
        self._closed = False
        self.lost = 0
        self.away = False

    def admit(self, count: int = 1) -> bool:
        """Whether there is room for so many more to wait; if not, they are lost."""
        with self._lock:
            if self._waiting + count <= self._capacity:
                self._waiting += count
                return True
            self._lose(count)
            return False

    def delivered(self, count: int) -> None:
        """The collector took *count* of those that waited."""
        with self._lock:
            self._waiting -= count
            told_away, self._told_away, self.away = self._told_away, False, False
        if told_away:
            _log.info("the collector takes our %s again; lost so far: %d", self._signal, self.lost)
        self._tell("more came than could be sent")

    def failed(self, count: int, reason: str) -> None:
        """The collector did not take *count* of those that waited, and they are lost."""
        with self._lock:
            if self._closed:
                return
            self._waiting -= count
            self._lose(count)
            self.away = True
        self._told_away |= self._tell(reason)

    def close(self) -> None:
        """Say what was lost since that was last said; what still waits is left behind."""
        with self._lock:
            self._closed = True
            self._lose(self._waiting)
            self._told_at = None
        self._tell("the process ends")

    def _lose(self, count: int) -> None:
        self.lost += count
        self._untold += count

    def _tell(self, reason: str) -> bool:
        now = self._clock.now()
        with self._lock:
            if not self._untold or (self._told_at is not None and now - self._told_at < REPEAT_S):
                return False
            count, self._untold, self._told_at = self._untold, 0, now
        _log.warning("%s lost: %d (%s)", self._signal, count, reason)
        return True
