"""A folder of snapshots, which several processes of one user may share. Everything here waits for a disk.

Whoever may write a snapshot may send the calls of whoever reads it elsewhere. So one is used only where nobody but our
own user could have written it: its folder, and itself. All names are looked up in the folder that was checked, so it
cannot be exchanged meanwhile.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from secrets import token_hex

from discovery.model import Target
from discovery.snapshot.document import Memory, Unusable, decode, encode

# Ten thousand instances with some words about each are about 5 MB.
SIZE_MAX = 16 * 1024 * 1024
# A process follows 64 services unless it is told otherwise. What nobody refreshes is deleted when it is too old.
FILES_MAX = 1024

_VIEW, _ASIDE, _PART = ".view", ".aside", ".part"
_OURS = re.compile(rf"[\w.~-]+({_VIEW}|{_ASIDE}|{_PART})")
# A process that was killed while it wrote leaves a part behind; one takes seconds.
_PART_S = 3600.0
# Clocks of one host are the same clock; only a correction, or another host's folder, makes a snapshot younger than now.
_AHEAD_S = 60.0


def file_name(origin: str, target: Target) -> str:
    """Where the snapshot of *target* is, as *origin* knows it: readable, and different for what differs in anything."""
    digest = sha256("\n".join((origin, *map(str, target))).encode()).hexdigest()[:20]
    words = re.sub(r"[^\w.-]", "_", str(target), flags=re.ASCII)[:80]
    return f"{words.lstrip('.') or '_'}~{digest}{_VIEW}"


class Folder:
    """The snapshots below *path*, which is made with the first of them."""

    def __init__(self, path: str, max_age_s: float) -> None:
        self.path = Path(path)
        self._max_age_s = max_age_s

    def read(self, origin: str, target: Target, now: float) -> Memory | None:
        """What is known of *target*; ``None`` when nothing is. *now* is in seconds since the epoch.

        Raises:
            Unusable: when there is something that must not be used. It is set aside, so that nobody stumbles twice.
            OSError: when it cannot be read.
        """
        name = file_name(origin, target)
        try:
            with self._opened() as folder:
                try:
                    return self._checked(_content(name, folder), origin, target, now)
                except Unusable as error:
                    with suppress(OSError):
                        os.rename(name, name.removesuffix(_VIEW) + _ASIDE, src_dir_fd=folder, dst_dir_fd=folder)
                    raise Unusable(f"{self.path / name}: {error}; it is set aside as *{_ASIDE}") from None
        except FileNotFoundError:
            return None

    def _checked(self, content: bytes, origin: str, target: Target, now: float) -> Memory:
        memory = decode(content)
        if (memory.origin, memory.target) != (origin, target):
            raise Unusable("it is about something else")
        age_s = now - memory.confirmed_at
        if age_s < -_AHEAD_S:
            raise Unusable(f"it is {-age_s:.0f} s ahead of this clock, so its age is unknown")
        if not age_s <= self._max_age_s:
            raise Unusable(f"it is {age_s:.0f} s old, and may be {self._max_age_s:.0f}")
        return memory

    def write(self, memory: Memory) -> None:
        """Put it in the place of the one before: whole, or not at all.

        Raises:
            Unusable: when the folder is not safe, or it would be too much.
            OSError: when it cannot be written.
        """
        content = encode(memory)
        if len(content) > SIZE_MAX:
            raise Unusable(f"what is known of {memory.target} takes {len(content)} bytes, more than {SIZE_MAX}")
        name = file_name(memory.origin, memory.target)
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._opened() as folder:
            names = _names(folder)
            if name not in names and sum(each.endswith(_VIEW) for each in names) >= FILES_MAX:
                raise Unusable(f"{self.path} has {FILES_MAX} snapshots: are they all needed?")
            part = f"{name}.{token_hex(8)}{_PART}"
            try:
                _write(part, folder, content)
                os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)
            except BaseException:
                with suppress(OSError):
                    os.unlink(part, dir_fd=folder)
                raise
            os.fsync(folder)

    def forget(self, origin: str, target: Target) -> None:
        """Take the snapshot of *target* out, if there is one."""
        with suppress(FileNotFoundError), self._opened() as folder:
            os.unlink(file_name(origin, target), dir_fd=folder)

    def sweep(self, now: float) -> None:
        """Delete what is too old to be used, and parts of what was never finished."""
        with suppress(FileNotFoundError), self._opened() as folder:
            for name in filter(_OURS.fullmatch, _names(folder)):
                with suppress(OSError):
                    age_s = now - os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime
                    if age_s > (_PART_S if name.endswith(_PART) else self._max_age_s):
                        os.unlink(name, dir_fd=folder)

    @contextmanager
    def _opened(self) -> Iterator[int]:
        folder = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            if problem := _exposed(os.fstat(folder), stat.S_IWGRP | stat.S_IWOTH):
                raise Unusable(
                    f"the folder {self.path} {problem}, so what is in it may be anybody's: give it mode 0700"
                )
            yield folder
        finally:
            os.close(folder)


def _names(folder: int) -> list[str]:
    return os.listdir(folder)


def _content(name: str, folder: int) -> bytes:
    try:
        # Where a pipe has been put in its place, opening it must not wait for a writer.
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise Unusable("it is a symbolic link") from None
        raise
    with os.fdopen(file, "rb") as opened:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            raise Unusable("it is no file")
        if problem := _exposed(status, stat.S_IRWXG | stat.S_IRWXO):
            raise Unusable(f"it {problem}")
        if status.st_size > SIZE_MAX:
            raise Unusable(f"it has {status.st_size} bytes, more than {SIZE_MAX}")
        return opened.read(SIZE_MAX)


def _exposed(status: os.stat_result, forbidden: int) -> str:
    if status.st_uid != os.geteuid():
        return f"belongs to user {status.st_uid}, and we are {os.geteuid()}"
    if status.st_mode & forbidden:
        return f"is open to others (mode {stat.S_IMODE(status.st_mode):04o})"
    return ""


def _write(name: str, folder: int, content: bytes) -> None:
    file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=folder)
    with os.fdopen(file, "wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(file)
