"""Processes whose `mesh up` was killed with SIGKILL, and so could not end them."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path


def end_orphans(folder: Path, processes: Path = Path("/proc")) -> int:
    """Ask every process of the system in *folder* to leave; returns how many there were.

    They are known by their environment, as Linux shows it: a number alone may belong to somebody else by now.
    Where there is no such place, none is found.
    """
    marker = f"MESH_DATA={folder}".encode()
    found = 0
    for environ in processes.glob("[0-9]*/environ"):
        # It may end meanwhile, or be another user's.
        with contextlib.suppress(OSError):
            if marker in environ.read_bytes().split(b"\0"):
                os.kill(int(environ.parent.name), signal.SIGTERM)
                found += 1
    return found
