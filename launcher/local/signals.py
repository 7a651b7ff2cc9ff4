"""Ctrl-C, SIGTERM and a terminal that closes: the first one asks the work to end well, the next one ends it at once."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_until_signal(work: Coroutine[Any, Any, T], *, kill: Callable[[], None]) -> T:
    """Run *work* to its end. The first signal cancels it; each further one calls *kill*, while it cleans up.

    Raises:
        KeyboardInterrupt: when a signal ended it.
    """
    interrupted = False

    async def main() -> T:
        task = asyncio.create_task(work)

        def on_signal() -> None:
            nonlocal interrupted
            if interrupted:
                kill()
            else:
                interrupted = True
                task.cancel()

        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            # `nohup` wants it ignored.
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, on_signal)
        return await task

    try:
        return asyncio.run(main())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
