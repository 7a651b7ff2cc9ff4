"""A process that says a word when it is ready, for the length of a block."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from discovery.clock import Clock
from launcher.development import CannotRun
from launcher.local import Child, Command, Ended
from launcher.plan import ROOT

_READY_S = 30.0
# Nothing here has to leave politely: all of it goes together, and Consul with it.
_GRACE_S = 1.0


class _Hearing:
    """Waits for one line."""

    def __init__(self, word: str) -> None:
        self.heard = asyncio.Event()
        self._word = word

    def line(self, name: str, text: str, /) -> None:
        if self._word in text:
            self.heard.set()

    def ended(self, name: str, ended: Ended, retry_in_s: float, /) -> None: ...


@asynccontextmanager
async def started(
    name: str, argv: tuple[str, ...], environ: Mapping[str, str], folder: Path, word: str, clock: Clock
) -> AsyncIterator[Child]:
    """Start it in the checkout, and wait until a line of its output has *word*.

    Raises:
        CannotRun: when it ended, or was silent for too long.
    """
    command = Command(name=name, argv=argv, environ=environ, folder=ROOT, log=folder / f"{name}.log")
    hearing = _Hearing(word)
    async with Child(command, clock=clock, listener=hearing, grace_s=_GRACE_S) as child:
        ended, heard = asyncio.create_task(child.ended()), asyncio.create_task(hearing.heard.wait())
        try:
            await asyncio.wait({ended, heard}, timeout=_READY_S, return_when=asyncio.FIRST_COMPLETED)
            if not hearing.heard.is_set():
                raise CannotRun(f"{name}: {ended.result() if ended.done() else f'not ready after {_READY_S:g} s'}")
        finally:
            ended.cancel()
            heard.cancel()
        yield child
