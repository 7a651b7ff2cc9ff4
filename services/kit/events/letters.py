"""Dead letters: what came and could not be handled, or not be read, each with the reason. The others go on."""

from __future__ import annotations

from hashlib import blake2b

from sqlalchemy import Connection

from services.kit.data.records import insert_into
from services.kit.events.event import BOUND
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


def _text(said: str) -> str:
    """What every database takes as text."""
    return said.encode(errors="replace").decode().replace("\x00", "\ufffd")
