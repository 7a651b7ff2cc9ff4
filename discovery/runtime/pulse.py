"""The pulse of a process: once a second it gives up what it need not follow, and its observer is told the rest."""

from __future__ import annotations

from typing import NoReturn

from discovery.observer import Pulse
from discovery.runtime.directories import Directories
from discovery.runtime.surroundings import Surroundings

PERIOD_S = 1.0


async def beat(directories: Directories, around: Surroundings) -> NoReturn:
    """Tell, for ever. Being woken late is the measurement: by so much was the event loop busy with other things."""
    clock = around.clock
    while True:
        due = clock.now() + PERIOD_S
        await clock.sleep(PERIOD_S)
        now = clock.now()
        directories.give_up_forsaken(now)
        await directories.close_retired()
        around.observer.notify(Pulse(max(0.0, now - due), directories.followed(now)))
