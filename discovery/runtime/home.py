"""Where a mesh is at home: in one event loop of one process, while its block lasts.

Its connections, tasks and timers belong to that loop. Used anywhere else they would hang, or mix up the answers of two
processes that hold the same sockets.
"""

from __future__ import annotations

import asyncio
import os

from discovery.errors import Misused


class Home:
    """Knows whether a mesh may be used here."""

    __slots__ = ("_closed", "_loop", "_pid")

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pid = 0
        self._closed = False

    def open(self) -> None:
        """It is here from now on.

        Raises:
            Misused: when it is somewhere already.
        """
        if self._loop is not None:
            raise Misused("this mesh is open already: enter it once, and hand it to whoever needs it")
        self._loop, self._pid, self._closed = asyncio.get_running_loop(), os.getpid(), False

    def close(self) -> None:
        """It is nowhere any more."""
        self._loop, self._closed = None, True

    def check(self) -> None:
        """Go on where it is at home.

        Raises:
            Misused: elsewhere.
        """
        try:
            if asyncio.get_running_loop() is self._loop:
                return
        except RuntimeError:  # no loop runs here, by the word of asyncio also in a child that was forked from one
            pass
        raise Misused(self._how_it_is_meant())

    def _how_it_is_meant(self) -> str:
        if self._loop is None:
            if self._closed:
                return "this mesh is closed: make its calls inside its block (async with), or open another one"
            return "this mesh is not open yet: enter it first (async with)"
        if os.getpid() != self._pid:
            return f"this mesh belongs to process {self._pid}: open one of its own in a child, after the fork"
        return "this mesh belongs to another event loop: open one in each loop, or make its calls in the first"
