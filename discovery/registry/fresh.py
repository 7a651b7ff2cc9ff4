"""What is made of files, made again when they change."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Generic, TypeVar

from discovery.errors import ConfigError

T = TypeVar("T")

Stamp = tuple[tuple[str, int, int, int], ...]


class Fresh(Generic[T]):
    """A *value* that *make* makes of *files*, and what is wrong with them as they are now (*trouble*).

    Files that make no sense are being written, or were written wrongly: the value before stays in use meanwhile.
    """

    def __init__(self, first: T, files: Callable[[], Iterable[Path]], make: Callable[[], T]) -> None:
        self.value = first
        self.trouble = ""
        self._files = files
        self._make = make
        self._seen: Stamp | None = None

    def look(self, *, closely: bool = False) -> None:
        """Look at the files, or *closely* into them. Blocks as long as a disk does."""
        seen = self._stamp()
        if seen == self._seen and not closely:
            return
        try:
            self.value = self._make()
        except (ConfigError, OSError, ValueError) as exc:
            self.trouble = str(exc.strerror) if isinstance(exc, OSError) and exc.strerror else str(exc)
        else:
            self._seen, self.trouble = seen, ""

    def _stamp(self) -> Stamp:
        """What tells one state of the files from another; a link that leads elsewhere now makes a difference, too."""
        return tuple(_stamp(path) for path in self._files())


def _stamp(path: Path) -> tuple[str, int, int, int]:
    try:
        now = path.stat()
    except OSError:
        return (str(path), 0, 0, 0)
    return (str(path), now.st_ino, now.st_size, now.st_mtime_ns)
