"""``python -m tests.services.kit.events.mortal FOLDER PORT [BROKER]``: takes what happens, and dies of the 2nd."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from sqlalchemy import Connection
from yarl import URL

import discovery
from services.kit.events.event import Event
from tests.services.kit.events.between import Between
from tests.services.kit.events.happenings import ThingMade, note


def handle(connection: Connection, event: Event[ThingMade]) -> None:
    note(connection, event)
    if event.data.number == 2:
        os._exit(9)


async def live(folder: str, port: str, *broker: str) -> None:
    between = Between(Path(folder), discovery.StaticRegistry(), URL(broker[0]) if broker else None, int(port))
    async with between.taking(handle):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(live(*sys.argv[1:]))
