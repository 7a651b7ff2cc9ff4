"""Keeping only so much, and only for so long; and going on when the disk is full.

Then the oldest goes, though it were within the limits. Deleting needs some room, too: where there is none at all,
everything goes and a new database begins, since telemetry of days is worth less than that of now.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import NoReturn, Protocol

from sqlalchemy import Connection

from discovery.web import Problem
from observability.console.settings import ConsoleSettings
from observability.console.store.arrivals import mark
from observability.console.store.aside import tidy
from observability.console.store.database import Database, Full
from observability.console.store.excess import Kind, excess
from observability.console.store.sweeping import drop, extents, pages, shrink, sweep, unused

_log = logging.getLogger(__name__)

# At the highest rate some fifty megabytes come in between.
_EVERY_S = 5.0

# Deleted in one step.
_RESOURCES = 500


class Clock(Protocol):
    """Tells the time of day, and pauses."""

    def wall(self) -> float:
        """Seconds since 1970."""
        ...

    async def sleep(self, seconds: float, /) -> None:
        """Pause the current task."""
        ...


async def retain(database: Database, settings: ConsoleSettings, clock: Clock) -> NoReturn:
    """Delete what is too old or too much, as long as nobody cancels it."""
    failed = 0
    while True:
        try:
            await _turn_anyhow(database, settings, clock)
            failed = 0
        except Problem as problem:
            failed += 1
            if failed & (failed - 1) == 0:  # the 1st, 2nd, 4th, ... in a row
                _log.warning("nothing could be deleted: %s: %s", problem.detail, problem.cause)
        await clock.sleep(_EVERY_S)


async def _turn_anyhow(database: Database, settings: ConsoleSettings, clock: Clock) -> None:
    for _ in range(2):  # the second one knows that the disk is full
        try:
            return await turn(database, settings, clock.wall())
        except Full:
            continue
    return await database.begin_anew()


async def turn(database: Database, settings: ConsoleSettings, now: float) -> None:
    """Delete what there is to delete now, in steps between which others may write.

    Raises:
        Full: when the disk is too full for that.
        Problem: 503, when the database cannot be written.
    """
    keep_s = settings.keep_hours * 3600
    full = database.full
    if full:
        await database.make_room()
    await database.look()
    marked = await database.write(partial(mark, now=now, keep_s=keep_s))
    upto = await database.write(partial(_decide, settings, now, keep_s, full))
    for kind, last in upto.items():
        while await database.write(partial(sweep, kind=kind, upto=last)):
            pass
    while await database.write(shrink):
        pass
    if marked:
        resources, seen = await database.read(unused)
        for some in (resources[at : at + _RESOURCES] for at in range(0, len(resources), _RESOURCES)):
            await database.write(partial(drop, resources=some, last=seen))


def _decide(
    settings: ConsoleSettings, now: float, keep_s: float, full: bool, connection: Connection
) -> dict[Kind, int]:
    used = pages(connection).used_bytes
    tidy(settings.path, now - keep_s, settings.keep_bytes - used)
    # One byte less than there is: a tenth of it goes.
    keep = min(settings.keep_bytes, used - 1) if full else settings.keep_bytes
    return excess(extents(connection, now, keep_s), used, keep)
