"""What happens in the tests: things are made, each with a number."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, delete, select

from discovery.testing.clock import FakeClock
from services.kit.data.database import Database
from services.kit.events import outbox
from services.kit.events.event import Event, Facts, Kind
from services.kit.events.outbox import Waiting
from services.kit.events.tables import LETTERS
from services.kit.events.transport import Undelivered
from tests.services.kit.data.things import THINGS, add

# The revision that makes the tables.
EVENTS = """
from services.kit.events.tables import add_inbox, add_outbox, add_unfinished
add_outbox(op.get_bind())
add_inbox(op.get_bind())
add_unfinished(op.get_bind())
"""

NOW_S = 1_700_000_000.0


class ThingMade(Facts):
    number: int


MADE = Kind("things.thing.made", ThingMade)


def tell(connection: Connection, number: int, now_s: float = NOW_S) -> None:
    outbox.add(connection, MADE, f"things/{number}", ThingMade(number=number), now_s=now_s)


async def happen(database: Database, *numbers: int, now_s: float = NOW_S) -> None:
    for number in numbers:
        await database.write(partial(tell, number=number, now_s=now_s))


def note(connection: Connection, event: Event[ThingMade]) -> None:
    """An effect that would be seen twice: it has no name of its own to be refused by."""
    add(f"{event.data.number}", connection)


def made(**other: Any) -> bytes:
    """An event as it comes; *other* attributes take the place of its own."""
    said = {
        "specversion": "1.0",
        "id": "a",
        "source": "things",
        "type": MADE.name,
        "subject": "things/7",
        "time": "2023-11-14T22:13:20Z",
        "data": {"number": 7},
    }
    return json.dumps({name: value for name, value in (said | other).items() if value is not ...}).encode()


def names(connection: Connection) -> list[str | None]:
    """What was noted, in order."""
    return list(connection.execute(select(THINGS.c.name).where(THINGS.c.id > 2).order_by(THINGS.c.id)).scalars())


def reasons(connection: Connection) -> list[str]:
    """Why there are dead letters."""
    return list(connection.execute(select(LETTERS.c.reason).order_by(LETTERS.c.buried_s)).scalars())


def clear(connection: Connection) -> None:
    connection.execute(delete(THINGS))


class Post:
    """A transport that keeps what it is given, to whom it can be given."""

    system = "test"
    stores = False

    def __init__(self, *there: str) -> None:
        self.there: Sequence[str] = there
        self.away: set[str] = set()
        self.got: dict[str, list[int]] = defaultdict(list)
        self.tries = 0
        self.again: list[bool] = []

    async def subscribers(self) -> Sequence[str]:
        return self.there

    async def send(self, subscriber: str, event: Waiting, /, *, again: bool = False) -> None:
        self.tries += 1
        self.again.append(again)
        if subscriber in self.away:
            raise Undelivered(f"{subscriber} is away")
        self.got[subscriber].append(json.loads(event.raw)["data"]["number"])


async def asleep(clock: FakeClock, sleepers: int) -> None:
    """Wait until so many wait for the time: what they do before reads and writes in real time."""
    async with asyncio.timeout(30):
        while clock.sleepers != sleepers:  # noqa: ASYNC110 - the clock tells nobody
            await asyncio.sleep(0.005)  # noqa: TID251 - real time of the database
