"""The signals that end a process: the first begins its leaving, a second one or the end of its time ends it at once."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer, current_thread, main_thread

# What a shell reports for a process that a signal ended.
SIGNALLED = 128


class Ending:
    """Ends the process *limit_s* after it was told to leave, whatever holds it up: a thread, a loop that is blocked."""

    def __init__(self, name: str, limit_s: float) -> None:
        self._name = name
        self._limit_s = limit_s
        self._timer: Timer | None = None

    def begin(self, number: int) -> None:
        """The signal came; when it came before, nobody wants to wait any more."""
        if self._timer is not None:
            os._exit(SIGNALLED + number)
        self._timer = Timer(self._limit_s, self._overrun, (number,))
        self._timer.daemon = True
        self._timer.start()

    def over(self) -> None:
        """It has left."""
        if self._timer is not None:
            self._timer.cancel()

    def _overrun(self, number: int) -> None:
        why = f"it did not end within {self._limit_s:g} s (stop_s) of the signal, and is ended without the rest"
        print(f"{self._name}: {why}", file=sys.stderr, flush=True)  # noqa: T201 - its last word
        os._exit(SIGNALLED + number)


@contextmanager
def heard(numbers: tuple[int, ...], begin: Callable[[int], None]) -> Iterator[None]:
    """Call *begin* with the number of each of these signals that comes while the block lasts."""
    loop = asyncio.get_running_loop()
    for number in numbers:
        loop.add_signal_handler(number, begin, number)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


@contextmanager
def leaving_on_sigterm(name: str, limit_s: float) -> Iterator[None]:
    """Let SIGTERM end the block, and then the process, where nobody else has said what it does.

    The task that entered is cancelled, so that everything in it is left in order, and the process ends with 143.
    Without this SIGTERM kills a process that stands in a registry. Only the main thread can hear signals.
    """
    if current_thread() is not main_thread() or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    task, ending, told = asyncio.current_task(), Ending(name, limit_s), False

    def begin(number: int) -> None:
        nonlocal told
        ending.begin(number)
        told = True
        if task is not None:
            task.cancel("SIGTERM")

    with heard((signal.SIGTERM,), begin):
        try:
            yield
        except asyncio.CancelledError:
            if not told:
                raise
        finally:
            ending.over()
    if told:
        sys.exit(SIGNALLED + signal.SIGTERM)
