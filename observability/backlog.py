"""What is over and not counted yet.

To count a call between two others takes twice as long as to count many in a row. So what is over waits until there are
some dozens, or somebody asks for the counts.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from opentelemetry.metrics import CallbackOptions, Observation

# So many are counted within a fraction of a millisecond.
_AT_ONCE = 64


class Backlog:
    """Added to on the event loop; worked off there, and in the thread that reports."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self._lock = threading.RLock()  # whatever counting leads to may add to it

    def add(self, count: Callable[..., None], *what: Any) -> None:
        """Let *what* be counted later, by ``count(*what)``."""
        self._waiting.append((count, what))
        if len(self._waiting) >= _AT_ONCE:
            self.work_off()

    def work_off(self) -> None:
        """Count all that wait."""
        with self._lock:
            while self._waiting:
                count, what = self._waiting.popleft()
                count(*what)

    def before(
        self, observe: Callable[[CallbackOptions], Iterable[Observation]]
    ) -> Callable[[CallbackOptions], Iterable[Observation]]:
        """What observes once all are counted."""

        def counted(options: CallbackOptions) -> Iterable[Observation]:
            self.work_off()
            return observe(options)

        return counted
