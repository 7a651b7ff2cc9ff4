"""Who writes next, of all processes that share an SQLite file."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from services.kit.data.faults import Busy


class Turn:
    """A lock beside the file.

    SQLite lets write whoever asks at the right moment: who writes without a pause would keep all others out. So who
    is next holds this lock until it writes, and who has just written asks behind it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = -1

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    @contextmanager
    def taken(self, late: Callable[[], bool]) -> Iterator[None]:
        if self._file < 0:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        pause_s = 0.001
        while not self._take():
            if late():
                raise Busy
            time.sleep(pause_s)  # noqa: TID251 - in a thread of our own, which no other clock moves
            pause_s = min(2 * pause_s, 0.02)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def _take(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
