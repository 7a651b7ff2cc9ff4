"""What a service has to tell: written in the transaction that it is about, sent afterwards (``sender.py``).

Each subscriber has a cursor, from the first time that it was seen, so whoever was away gets all that happened
meanwhile. One that is new begins with what is still there: at least what happened within a day.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, insert, select, update

import observability
from services.kit.data.records import insert_into
from services.kit.events.event import Event, F, Kind, write
from services.kit.events.tables import CURSORS, OUTBOX

# What everybody has is kept for so long, for subscribers that are new.
KEPT_S = 86_400.0
# How many go at a time: more than come meanwhile, and few enough that nobody waits for it.
_FORGOTTEN = 200
# A subscriber that was nowhere for so long does not exist any more, and nothing is kept for it.
MISSED_S = 7 * 86_400.0


class Waiting(NamedTuple):
    """An event that has to be sent, and where it stands in the order."""

    id: int
    kind: str
    raw: bytes


def add(connection: Connection, kind: Kind[F], subject: str, data: F, *, now_s: float) -> None:
    """Tell, if the transaction of *connection* comes to its end, that this happened to *subject*.

    Raises:
        ValueError: when that is larger than an event may be.
    """
    event = Event(
        id=uuid.uuid4().hex,
        kind=kind.name,
        source=kind.source,
        subject=subject,
        time_s=now_s,
        data=data,
        traceparent=observability.current_traceparent(),
    )
    connection.execute(insert(OUTBOX).values(kind=kind.name, made_s=now_s, body=write(event).decode()))


def waiting(connection: Connection, subscriber: str, limit: int) -> Sequence[Waiting]:
    """The next ones for *subscriber*, up to *limit*, in order."""
    reached = select(CURSORS.c.reached).where(CURSORS.c.subscriber == subscriber).scalar_subquery()
    columns = select(OUTBOX.c.id, OUTBOX.c.kind, OUTBOX.c.body)
    found = connection.execute(columns.where(reached < OUTBOX.c.id).order_by(OUTBOX.c.id).limit(limit))
    return [Waiting(number, kind, body.encode()) for number, kind, body in found]


def see(connection: Connection, subscribers: Collection[str], now_s: float) -> None:
    """Remember who is there now."""
    seeing = insert_into(CURSORS, connection).on_conflict_do_update(
        index_elements=[CURSORS.c.subscriber], set_={"seen_s": now_s}
    )
    if subscribers:
        connection.execute(seeing, [{"subscriber": each, "reached": 0, "seen_s": now_s} for each in subscribers])


def mark(connection: Connection, subscriber: str, id: int) -> None:
    """*subscriber* has all up to that one. A cursor never goes back."""
    behind = (CURSORS.c.subscriber == subscriber) & (CURSORS.c.reached < id)
    connection.execute(update(CURSORS).where(behind).values(reached=id))


def begin_anew(connection: Connection, subscriber: str) -> bool:
    """Let *subscriber* be as one that is new, the next time that it is seen; whether it was known."""
    return connection.execute(delete(CURSORS).where(CURSORS.c.subscriber == subscriber)).rowcount > 0


def backlog(connection: Connection) -> Mapping[str, int]:
    """How many wait for each subscriber that is known, by their ids, since counting would look at all of them.

    One more for each that was given in vain, which in PostgreSQL a transaction that failed does.
    """
    first, last = (connection.execute(select(end(OUTBOX.c.id))).scalar() or 0 for end in (func.min, func.max))
    rows = connection.execute(select(CURSORS.c.subscriber, CURSORS.c.reached))
    return {subscriber: max(0, last - max(reached, first - 1)) for subscriber, reached in rows}


def forget(connection: Connection, now_s: float) -> None:
    """Let go of some that are a day old and wait for nobody, the oldest first, and of subscribers that are gone."""
    connection.execute(delete(CURSORS).where(CURSORS.c.seen_s <= now_s - MISSED_S))
    needed = select(func.coalesce(func.min(CURSORS.c.reached), select(func.max(OUTBOX.c.id)).scalar_subquery()))
    oldest = OUTBOX.c.id.in_(select(OUTBOX.c.id).order_by(OUTBOX.c.id).limit(_FORGOTTEN))
    old = (OUTBOX.c.made_s <= now_s - KEPT_S) & (OUTBOX.c.id <= needed.scalar_subquery())
    connection.execute(delete(OUTBOX).where(oldest, old))
