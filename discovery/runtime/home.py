"""Where a mesh is at home: in one event loop of one process, while its block lasts.

Its connections, tasks and timers belong to that loop. Used anywhere else they would hang, or mix up the answers of two
processes that hold the same sockets.

Before Python 3.12 ``asyncio.get_running_loop`` asks the system at each call which process this is, and where system
calls are dear that costs as much as choosing an instance. So a mesh asks for its own loop's task instead, and is told
of a fork.
"""

from __future__ import annotations

import asyncio
import os
from threading import get_ident
from weakref import WeakSet

from discovery.errors import Misused

_NOWHERE = 0


class Home:
    """Knows whether a mesh may be used here."""

    __slots__ = ("__weakref__", "_closed", "_loop", "_pid", "_thread")

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = _NOWHERE
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
        self._thread = get_ident()
        _open.add(self)

    def close(self) -> None:
        """It is nowhere any more."""
        self._loop, self._thread, self._closed = None, _NOWHERE, True
        _open.discard(self)

    def forked(self) -> None:
        """This is the child of a process in which it was open, and where it stays."""
        self._thread = _NOWHERE

    def check(self) -> None:
        """Go on where it is at home.

        Raises:
            Misused: elsewhere.
        """
        # In one thread one loop runs at a time, so a task of ours that runs in our thread is this one.
        if get_ident() != self._thread or asyncio.current_task(self._loop) is None:
            raise Misused(self._how_it_is_meant())

    def _how_it_is_meant(self) -> str:
        if self._loop is None:
            if self._closed:
                return "this mesh is closed: make its calls inside its block (async with), or open another one"
            return "this mesh is not open yet: enter it first (async with)"
        if os.getpid() != self._pid:
            return f"this mesh belongs to process {self._pid}: open one of its own in a child, after the fork"
        return "this mesh belongs to another event loop: open one in each loop, or make its calls in the first"


_open: WeakSet[Home] = WeakSet()


def _in_child() -> None:
    for home in list(_open):
        home.forked()


os.register_at_fork(after_in_child=_in_child)
