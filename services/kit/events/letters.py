"""Dead letters: what came and could not be handled, or not be read, each with the reason. The others go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

from sqlalchemy import Connection, delete, select, update

from services.kit.data.records import insert_into
from services.kit.events.event import BOUND, Taking, Unreadable, read
from services.kit.events.tables import LETTERS


def bury(connection: Connection, raw: bytes, reason: str, now_s: float) -> None:
    """Keep what came, and why it was not handled. Of what is too large, the beginning is kept."""
    letter = {
        "digest": blake2b(raw, digest_size=8).hexdigest(),
        "reason": _text(reason[:500]),
        "buried_s": now_s,
        "body": _text(raw[:BOUND].decode(errors="replace")),
    }
    connection.execute(insert_into(LETTERS, connection).values(letter).on_conflict_do_nothing())


class Letter(NamedTuple):
    """One of them. ``digest`` is its name."""

    digest: str
    buried_s: float
    reason: str
    body: str


def unopened(connection: Connection) -> Sequence[Letter]:
    """All of them, the oldest first."""
    columns = (LETTERS.c.digest, LETTERS.c.buried_s, LETTERS.c.reason, LETTERS.c.body)
    return [Letter(*row) for row in connection.execute(select(*columns).order_by(LETTERS.c.buried_s))]


def handle_again(connection: Connection, letter: Letter, takes: Mapping[str, Taking]) -> None:
    """Do what follows from what is in *letter*, which is gone then; nothing, where somebody else has done so.

    Raises:
        Unreadable: when it is still no event that somebody takes here; and whatever the handler raises.
    """
    event = read(letter.body.encode())
    if (taking := takes.get(event.kind)) is None:
        raise Unreadable(f"nothing follows from {event.kind} here")
    if connection.execute(delete(LETTERS).where(LETTERS.c.digest == letter.digest)).rowcount:
        taking.handler(connection, taking.kind.read(event))


def keep(connection: Connection, letter: Letter, reason: str) -> None:
    """Leave it where it is, for that *reason*."""
    connection.execute(update(LETTERS).where(LETTERS.c.digest == letter.digest).values(reason=_text(reason[:500])))


def _text(said: str) -> str:
    """What every database takes as text."""
    return said.encode(errors="replace").decode().replace("\x00", "\ufffd")
