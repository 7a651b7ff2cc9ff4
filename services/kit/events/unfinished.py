"""What was begun, and came to no end: an event that ends the process that handles it.

It comes again, as all does that nobody has taken, and what is behind it waits. So what comes again is counted before it
is handled, in a transaction of its own, and no longer when its handling has come to an end, whichever that is: what
stands here is how many processes ended with it in hand. What comes for the first time is not counted, and so costs
nothing.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete

from services.kit.data.records import insert_into
from services.kit.events.event import Event
from services.kit.events.tables import UNFINISHED

# One end of a process is nobody's fault, and so may be a second one.
MOST = 3


def begin(connection: Connection, event: Event[Any]) -> bool:
    """Count that *event* is begun; whether it is worth it, after as often as that came to no end."""
    row = {"source": event.source, "event": event.id, "begun": 1}
    begun = (
        insert_into(UNFINISHED, connection)
        .values(row)
        .on_conflict_do_update(
            index_elements=[UNFINISHED.c.source, UNFINISHED.c.event], set_={"begun": UNFINISHED.c.begun + 1}
        )
        .returning(UNFINISHED.c.begun)
    )
    return int(connection.execute(begun).scalar_one()) <= MOST


def end(connection: Connection, event: Event[Any]) -> None:
    """Forget that it was begun: it came to an end."""
    this = (UNFINISHED.c.source == event.source) & (UNFINISHED.c.event == event.id)
    connection.execute(delete(UNFINISHED).where(this))
