"""What a scenario is: how something is broken and mended, and where that is to be seen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Literal

from launcher.scenario.stage import Stage

Where = Literal["shop", "console", "command"]


@dataclass(frozen=True, slots=True)
class Look:
    """A place to look at, and what it says while the system is broken.

    *path* is a page of the shop or of the console, or a command line. *sees* looks there, and gives what it found in
    words, or ``""``. What *stays* is there afterwards as well, or was there before: what is kept, and what goes on.
    *part* is the text beside which it stands on a long page.
    """

    where: Where
    path: str
    says: str
    sees: Callable[[Stage], Awaitable[str]]
    stays: bool = False
    part: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """*broken* breaks something and holds it; *heal* mends what outlives the block, and what one left that was killed.

    *heal* is called after *broken*, however that went, and at any other time, too: where nothing is broken it does
    nothing. *needs* are the services that have to run, and :data:`~launcher.scenario.stage.BROKER` for who needs one.
    """

    name: str
    summary: str
    needs: Sequence[str]
    looks: Sequence[Look]
    broken: Callable[[Stage], AbstractAsyncContextManager[None]]
    heal: Callable[[Stage], Awaitable[None]]
