"""One console for one database: two would mix what they are sent, and each delete what it takes for old.

A file beside the database is locked, not the database: SQLite has locks of its own there, and it may be replaced. The
system drops the lock of a process that dies; the file stays, since somebody who waits has it open.
"""

from __future__ import annotations

import fcntl
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from threading import Event

import discovery

_log = logging.getLogger(__name__)

_PAUSE_S = 0.1


@contextmanager
def alone(path: Path, patience_s: float = 0.0, pause: Callable[[float], object] | None = None) -> Iterator[None]:
    """Have the database at *path* to ourselves while the block lasts; one who is about to end is waited for.

    Where no lock can be had at all, there is none: mostly the database cannot be opened there either, which is told
    when it is used.

    Raises:
        ConfigError: when another console has it.
    """
    pause = pause or Event().wait
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = FileIO(path.with_name(f"{path.name}.lock"), "a")
    except OSError:
        yield
        return
    with file:
        while not _locked(file):
            if patience_s <= 0:
                taken = f"another console has the database {path} open"
                raise discovery.ConfigError(f"{taken}: end it, or name another folder in MESH_DATA")
            patience_s -= _PAUSE_S
            pause(_PAUSE_S)
        yield


def _locked(file: FileIO) -> bool:
    """Whether nobody else has it; a file system without locks tells nothing of others."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        _log.warning("no lock can be had beside the database: %s", error.strerror or error)
    return True
