"""Databases that were of no use and set aside: only the latest is kept, and not for longer than data is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

_STAMP = "%Y%m%dT%H%M%SZ"
# SQLite's log and the index of it stand beside the file.
SUFFIXES = ("", "-wal", "-shm")


def set_aside(path: Path, now: float) -> str:
    """Rename the database *path*, and forget those that were set aside before. Returns its new name."""
    for old in _found(path):
        old.unlink(missing_ok=True)
    name = f"{path.name}.broken-{datetime.fromtimestamp(now, UTC).strftime(_STAMP)}"
    for suffix in SUFFIXES:
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(path.with_name(name + suffix))
    return name


def tidy(path: Path, oldest: float, room: int) -> None:
    """Delete what was set aside before *oldest*, seconds since 1970, or is larger than *room*, in bytes."""
    if sum(each.stat().st_size for each in _found(path)) > room:
        oldest = float("inf")
    for each in _found(path):
        if _set_aside_at(each) < oldest:
            each.unlink(missing_ok=True)


def remove(path: Path) -> None:
    """Delete the database *path*."""
    path.unlink(missing_ok=True)
    remove_log(path)


def remove_log(path: Path) -> None:
    """Delete what a database that was at *path* has left there: SQLite would take it for the log of the next one."""
    for suffix in SUFFIXES[1:]:
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def size(path: Path) -> int:
    """The bytes that the database *path* takes on the disk."""
    files = (path.with_name(path.name + suffix) for suffix in SUFFIXES)
    return sum(each.stat().st_size for each in files if each.exists())


def _found(path: Path) -> Iterator[Path]:
    return path.parent.glob(f"{path.name}.broken-*")


def _set_aside_at(file: Path) -> float:
    stamp = file.name.rpartition(".broken-")[2].partition("-")[0]
    try:
        return datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return 0.0
