"""What came: each event has its effect once, however often it comes.

Where it is recorded that it was taken is the transaction of the effect. What cannot be handled, or ends the process, is
tried a few times, and then put aside as a dead letter, so that nothing waits behind it for ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, delete

import discovery
import observability
from discovery.web import Problem, read_body
from services.kit.data.database import Database
from services.kit.data.faults import Unusable
from services.kit.data.records import insert_into
from services.kit.events import letters, unfinished
from services.kit.events.event import AGAIN, BOUND, MEDIA_TYPE, Event, Taking, Unreadable, read
from services.kit.events.tables import INBOX
from services.kit.web.route import AROUND, Asked, Route

# Between the tries. All of it is well within what a sender waits.
PAUSES_S = (0.1, 1.0)
_ENDLESS = "each time that it was handled the process was killed, or ended by itself"
# Twice as long as a sender keeps anything.
KEPT_S = 14 * 86_400.0


def take(connection: Connection, event: Event[Any], takes: Mapping[str, Taking], now_s: float) -> bool:
    """Do what follows from *event*, unless that was done; whether it was done now.

    Raises:
        Unreadable: when its data is not what its kind says; and whatever the handler raises.
    """
    taking = takes.get(event.kind)
    if taking is None or not _is_new(connection, event, now_s):
        return False
    taking.handler(connection, taking.kind.read(event))
    return True


async def receive(
    database: Database,
    takes: Mapping[str, Taking],
    raw: bytes,
    around: discovery.Surroundings,
    *,
    system: str,
    sent_in: str = "",
    again: bool = False,
) -> None:
    """See to what came. It may be forgotten where this returns; where this raises, it has to come again.

    *system* is what traces call the way by which it came, and *sent_in* the ``traceparent`` of who sent it, where no
    span of a request says so; *again* says that it may have been in somebody's hand before.

    Raises:
        Problem: 503, while the database cannot be used.
    """
    clock = around.clock
    try:
        event = read(raw)
    except Unreadable as why:
        await database.write(partial(letters.bury, raw=raw, reason=str(why), now_s=clock.wall()))
        return
    with observability.handling_event(event.kind, event.id, event.traceparent, system, sent_in) as failed:
        error = await (_try_again if again else _try)(database, takes, event, around)
        if error is not None:
            failed(type(error).__name__)
            put_aside = partial(_put_aside, event=event, raw=raw, reason=_reason(error), now_s=clock.wall())
            await database.write(put_aside)


async def _try(
    database: Database, takes: Mapping[str, Taking], event: Event[Any], around: discovery.Surroundings
) -> Exception | None:
    """Handle *event*, at the first try or a later one; what it failed with at the last."""
    last: Exception | None = None
    for pause_s in (0.0, *PAUSES_S):
        if pause_s:
            await around.clock.sleep(pause_s)
        try:
            await database.write(partial(take, event=event, takes=takes, now_s=around.clock.wall()))
        except Unusable:
            raise  # which is not the event's fault
        except Unreadable as error:
            return error
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is the reason that the letter gives
            last = error
        else:
            return None
    return last


async def _try_again(
    database: Database, takes: Mapping[str, Taking], event: Event[Any], around: discovery.Surroundings
) -> Exception | None:
    """As above, unless that has ended a process too often."""
    worth_it = await database.write(partial(unfinished.begin, event=event))
    try:
        return await _try(database, takes, event, around) if worth_it else Unreadable(_ENDLESS)
    finally:
        await database.write(partial(unfinished.end, event=event))


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, Unreadable) else f"{type(error).__name__}: {error}"


def handlers(takes: Sequence[Taking]) -> Mapping[str, Taking]:
    """*takes* by the names of their kinds."""
    return {taking.kind.name: taking for taking in takes}


async def replay(database: Database, takes: Sequence[Taking]) -> tuple[int, int]:
    """Handle all dead letters anew, the oldest first; how many were handled, and how many are left.

    Raises:
        Problem: 503, when the database cannot be used.
    """
    found = await database.read(letters.unopened)
    left = 0
    for letter in found:
        try:
            await database.write(partial(letters.handle_again, letter=letter, takes=handlers(takes)))
        except Unusable:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            left += 1
            await database.write(partial(letters.keep, letter=letter, reason=_reason(error)))
    return len(found) - left, left


def receiving(takes: Sequence[Taking]) -> Route:
    """The route by which events come over the mesh."""
    by_kind = handlers(takes)

    async def take_event(asked: Asked[None, None]) -> None:
        """Take an event, as CloudEvents has it."""
        if asked.request.content_type != MEDIA_TYPE:
            raise Problem(415, f"the body must be {MEDIA_TYPE}", headers={"Accept": MEDIA_TYPE})
        raw = await read_body(asked.request, limit=BOUND)
        around, again = asked.request.app[AROUND], AGAIN in asked.request.headers
        await receive(asked.database, by_kind, raw, around, system="mesh", again=again)

    refuses = (400, 408, 413, 415)
    return Route("POST", "/events", take_event, answers={204: None}, refuses=refuses, inside=True)


def _is_new(connection: Connection, event: Event[Any], now_s: float) -> bool:
    connection.execute(delete(INBOX).where(INBOX.c.taken_s <= now_s - KEPT_S))
    row = {"source": event.source, "event": event.id, "taken_s": now_s}
    recording = insert_into(INBOX, connection).values(row).on_conflict_do_nothing().returning(INBOX.c.event)
    return connection.execute(recording).first() is not None


def _put_aside(connection: Connection, event: Event[Any], raw: bytes, reason: str, now_s: float) -> None:
    if _is_new(connection, event, now_s):
        letters.bury(connection, raw, reason, now_s)
