"""A server of which a run of tests has one: started by who needs it first, gone with the last who did.

It is served by a process that is nobody's child, as long as somebody holds a lock in its folder. Who holds it may be
killed, so nobody has to remember to end the server.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[1]


def run_of(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The folder of the whole run: its workers have theirs in it."""
    own = tmp_path_factory.getbasetemp()
    return own if worker_id == "master" else own.parent


@contextmanager
def shared(run: Path, name: str, *command: str | Path) -> Iterator[str]:
    """The URL of the server *name* of all who say the same folder of a *run*.

    *command* are the words after ``python -m`` by which it is served: the folder for it follows.
    """
    with (run / name).open("a+") as place:
        fcntl.flock(place, fcntl.LOCK_EX)
        place.seek(0)
        folder = Path(place.read().strip() or "/nowhere")
        if not (folder / "url").exists():
            folder = Path(tempfile.mkdtemp(prefix=f"proconsul-{name}-"))
            place.truncate(0)
            place.write(str(folder))
            place.flush()
        with (folder / "users").open("a") as users:
            fcntl.flock(users, fcntl.LOCK_SH)
            if not (folder / "url").exists():
                _start(folder, command)
            fcntl.flock(place, fcntl.LOCK_UN)
            yield (folder / "url").read_text()


def _start(folder: Path, command: tuple[str | Path, ...]) -> None:
    with (folder / "log").open("wb") as log:
        words = [sys.executable, "-m", *command, folder]
        started = subprocess.run(words, cwd=_ROOT, stdout=log, stderr=log, check=False)
    assert not started.returncode, (folder / "log").read_text()


def serve(folder: Path, start: Callable[[], tuple[str, Callable[[], None]]]) -> int:
    """Serve what *start* starts, in a process that is nobody's child, and return when it is there, or cannot be.

    *start* returns the URL and how to end it.
    """
    if not (child := os.fork()):
        os.setsid()
        url, end = start()
        half = folder / "url.half"
        half.write_text(url)
        half.rename(folder / "url")
        with (folder / "users").open() as users:
            fcntl.flock(users, fcntl.LOCK_EX)
        end()
        shutil.rmtree(folder)
        os._exit(0)
    while not (folder / "url").exists():
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status) or 1
        time.sleep(0.02)  # noqa: TID251 - real time of another process
    return 0


def account() -> pwd.struct_passwd:
    """Whose the server is: nobody's where we are root."""
    return pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())


def free_ports(number: int) -> list[int]:
    """So many that nobody listens on now."""
    sockets = [socket.socket() for _ in range(number)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
