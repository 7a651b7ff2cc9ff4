"""An SQLite file among all processes that share it: made for nobody else, and who writes next."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from services.kit.data.faults import Busy

# How long SQLite itself waits for a lock before it is asked again.
ASKED_AGAIN_S = 0.2


def make_file(file: Path) -> None:
    """Make sure of directory and file, which nobody else on this machine may look into, and of the write-ahead mode.

    A directory that is there already may be open to others, so the file is not; what SQLite puts beside it is as it is.
    The write-ahead mode stays with the file. Of two that switch it at the same moment SQLite fails one at once, however
    long it would wait for a lock; so they take turns.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory = os.open(file.parent, os.O_RDONLY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        os.close(os.open(file, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        with closing(sqlite3.connect(file, timeout=ASKED_AGAIN_S)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
    finally:
        os.close(directory)


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
