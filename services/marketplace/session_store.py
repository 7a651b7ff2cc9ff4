"""Logins in their table: functions of a connection. The tokens can be read by whose browser it is, and nobody else."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from services.kit.auth.sealing import seal, unseal
from services.marketplace.tables import SESSIONS
from services.marketplace.visitor import Session, Visitor

# How many that are over are cleared away with each that begins: more than begin, so that none stay.
_CLEARED = 10


def find(connection: Connection, visitor: Visitor, now_s: float) -> Session | None:
    """Who is logged in there."""
    row = _row(connection, visitor)
    if row is None or row["expires_s"] <= now_s or (text := unseal(row["tokens"], visitor.secret)) is None:
        return None
    access, refresh = json.loads(text)
    facts = {name: row[name] for name in ("account", "email", "staff", "renew_s", "expires_s")}
    return Session(**facts, access=access, refresh=refresh)


def begin(connection: Connection, visitor: Visitor, session: Session, now_s: float) -> None:
    """Keep a new login of the *visitor*'s."""
    over = select(SESSIONS.c.digest).where(SESSIONS.c.expires_s <= now_s).limit(_CLEARED)
    connection.execute(delete(SESSIONS).where(SESSIONS.c.digest.in_(over)))
    whose = {"account": session.account, "email": session.email, "staff": session.staff}
    until = {"renew_s": session.renew_s, "expires_s": session.expires_s}
    row = {"digest": visitor.digest, "tokens": _sealed(visitor, session), **whose, **until}
    connection.execute(insert(SESSIONS).values(row))


def renew(connection: Connection, visitor: Visitor, old: Session, new: Session) -> None:
    """Put the *new* tokens in the place of the *old* ones, unless somebody was quicker."""
    row = _row(connection, visitor)
    if row is None or row["renew_s"] != old.renew_s:
        return
    values = {"tokens": _sealed(visitor, new), "renew_s": new.renew_s}
    connection.execute(update(SESSIONS).where(SESSIONS.c.digest == visitor.digest).values(values))


def end(connection: Connection, visitor: Visitor) -> None:
    """Forget the login, if there is one."""
    connection.execute(delete(SESSIONS).where(SESSIONS.c.digest == visitor.digest))


def _row(connection: Connection, visitor: Visitor) -> Any:
    return connection.execute(select(SESSIONS).where(SESSIONS.c.digest == visitor.digest)).mappings().one_or_none()


def _sealed(visitor: Visitor, session: Session) -> bytes:
    return seal(json.dumps([session.access, session.refresh]), visitor.secret)
