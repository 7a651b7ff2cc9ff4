"""A connection that leads nowhere: what is written is kept, for a rehearsal to read."""

from __future__ import annotations

import asyncio
from typing import Any


class Memory(asyncio.Transport):
    """A transport without a socket. ``wrote``, if it is given, is told when something was written."""

    def __init__(self, wrote: asyncio.Event | None = None) -> None:
        super().__init__()
        self.written = b""
        self._wrote = wrote

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)
        if self._wrote is not None:
            self._wrote.set()

    def writelines(self, list_of_data: Any) -> None:
        self.write(b"".join(list_of_data))

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        """Nothing is open."""

    def abort(self) -> None:
        """Nothing is open."""
