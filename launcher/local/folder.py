"""The folder of one running system, ``.mesh/<id>``: logs, data, and a state file that says how to talk to it.

It holds a lock for as long as its maker lives; the kernel drops the lock of a process that dies, so a folder that
can be locked belongs to a system that ended.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from discovery.errors import ConfigError
from launcher.local.orphans import end_orphans
from launcher.plan import ROOT

FOLDERS = ROOT / ".mesh"
_LOCK = "lock"
_STATE = "state.json"


@dataclass(frozen=True, slots=True)
class State:
    """How to talk to a running system. The token is why only its user may read the file."""

    id: str
    pid: int
    control: str
    token: str


@contextmanager
def new_folder(folders: Path = FOLDERS) -> Iterator[Path]:
    """A folder for a new system, named by its id. Those of systems that ended go: nobody will read their logs now.

    Raises:
        ConfigError: when it cannot be made.
    """
    try:
        folders.mkdir(mode=0o700, exist_ok=True)
        folder, lock = _made(folders)
    except OSError as exc:
        raise ConfigError(f"cannot write in {folders}: {exc.strerror}") from None
    with lock:
        yield folder


def _made(folders: Path) -> tuple[Path, TextIO]:
    # One maker at a time: another would take a folder that is not locked yet for one that ended.
    with (folders / _LOCK).open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        for old in _ended(folders):
            end_orphans(old)
            shutil.rmtree(old, ignore_errors=True)
        folder = folders / secrets.token_hex(3)
        folder.mkdir(mode=0o700)
        lock = (folder / _LOCK).open("w")
        fcntl.flock(lock, fcntl.LOCK_EX)
        return folder, lock


@contextmanager
def published(folder: Path, state: State) -> Iterator[None]:
    """Let other commands find the system."""
    path, half = folder / _STATE, folder / f"{_STATE}.half"
    half.touch(mode=0o600)
    half.write_text(json.dumps(asdict(state)))
    # Whoever reads it finds all of it.
    half.replace(path)
    try:
        yield
    finally:
        path.unlink()


def running_systems(folders: Path = FOLDERS) -> list[State]:
    """Every system that runs now."""
    states = []
    for lock in sorted(folders.glob(f"*/{_LOCK}")):
        # One that is just starting, or just ending, has no state file.
        with contextlib.suppress(FileNotFoundError):
            text = lock.with_name(_STATE).read_text()
            if _is_held(lock):
                states.append(State(**json.loads(text)))
    return states


def find_system(system: str, states: Sequence[State]) -> State:
    """The system of that id; without an id (``""``), the only one.

    Raises:
        ConfigError: when there is none, or no single one.
    """
    ids = ", ".join(state.id for state in states)
    matching = [state for state in states if system in {"", state.id}]
    if not states:
        raise ConfigError("no system is running; `mesh up` starts one")
    if not matching:
        raise ConfigError(f"no system {system!r} is running; there is {ids}")
    if len(matching) > 1:
        raise ConfigError(f"several systems are running: {ids}; choose one by --system ID")
    return matching[0]


def end_leftovers(folders: Path = FOLDERS) -> int:
    """Ask the processes of systems that ended without them to leave; returns how many there were."""
    return sum(map(end_orphans, _ended(folders)))


def is_over(state: State, folders: Path = FOLDERS) -> bool:
    """Whether the system has ended."""
    return not _is_held(folders / state.id / _LOCK)


def _ended(folders: Path) -> list[Path]:
    return [lock.parent for lock in folders.glob(f"*/{_LOCK}") if not _is_held(lock)]


def _is_held(path: Path) -> bool:
    try:
        with path.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
