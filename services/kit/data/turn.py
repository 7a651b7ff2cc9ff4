"""Who writes next, of all processes that share an SQLite file."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from services.kit.data.faults import Busy


@contextmanager
def turn(path: Path, late: Callable[[], bool]) -> Iterator[None]:
    """Hold the lock at *path*, which is beside the file, for the block; wait for it until it is *late*.

    SQLite lets write whoever asks at the right moment: who writes without a pause would keep all others out. So who
    is next holds this lock until it writes, and who has just written asks behind it.

    Raises:
        Busy: when others had it all the time.
    """
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        pause_s = 0.001
        while not _take(file):
            if late():
                raise Busy
            time.sleep(pause_s)  # noqa: TID251 - in a thread of our own, which no other clock moves
            pause_s = min(2 * pause_s, 0.02)
        yield
    finally:
        os.close(file)  # and nobody holds it any more


def _take(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
