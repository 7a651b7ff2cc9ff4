"""The signals that end a process: the first begins its leaving, a second one or the end of its time ends it at once."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread, Timer, current_thread, main_thread
from types import FrameType

# What a shell reports for a process that a signal ended.
SIGNALLED = 128
# Nobody may read the standard error, and then whoever writes there waits.
_LAST_WORD_S = 0.2


class Ending:
    """Ends the process *limit_s* after it was told to leave, whatever holds it up: a thread, a loop that is blocked."""

    def __init__(self, name: str, limit_s: float) -> None:
        self._name = name
        self._limit_s = limit_s
        self._left = False
        self.began = False

    def begin(self, number: int) -> None:
        """The signal came; when it came before, nobody wants to wait any more."""
        if self.began:
            os._exit(SIGNALLED + number)
        self.began = True
        timer = Timer(self._limit_s, self._overrun, (number,))
        timer.daemon = True
        timer.start()

    def left(self) -> None:
        """It has left. What the program does now takes its time, unless it only waits for its threads to end."""
        self._left = True

    def _overrun(self, number: int) -> None:
        if self._left and main_thread().is_alive():
            return
        why = f"it did not end within {self._limit_s:g} s (stop_s) of the signal, and is ended without the rest"
        telling = Thread(target=_tell, args=(f"{self._name}: {why}",), daemon=True)
        telling.start()
        telling.join(_LAST_WORD_S)
        os._exit(SIGNALLED + number)


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - the last word of a process


@contextmanager
def heard(numbers: tuple[int, ...], ending: Ending, begin: Callable[[], None]) -> Iterator[None]:
    """Let *ending* begin with any of these signals that comes while the block lasts, and call *begin* in the loop.

    The loop may be blocked, and would then hear of a signal by its own ``add_signal_handler`` when it is free again, or
    never. So the interpreter's handler starts the clock.
    """
    loop, inside = asyncio.get_running_loop(), True

    def told() -> None:
        if inside:
            begin()

    def hear(number: int, frame: FrameType | None) -> None:
        ending.begin(number)
        loop.call_soon_threadsafe(told)

    before = {number: signal.signal(number, hear) for number in numbers}
    try:
        yield
    finally:
        inside = False
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


@contextmanager
def leaving_on_sigterm(name: str, limit_s: float) -> Iterator[None]:
    """Let SIGTERM end the block, and then the process, where nobody else has said what it does.

    The task that entered is cancelled, so that everything in it is left in order, and the process ends with 143.
    Without this SIGTERM kills a process that stands in a registry. Only the main thread can hear signals.
    """
    if current_thread() is not main_thread() or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    task, ending = asyncio.current_task(), Ending(name, limit_s)

    def begin() -> None:
        if task is not None:
            task.cancel("SIGTERM")

    with heard((signal.SIGTERM,), ending, begin):
        try:
            yield
        except asyncio.CancelledError:
            if not ending.began:
                raise
    if ending.began:
        sys.exit(SIGNALLED + signal.SIGTERM)
