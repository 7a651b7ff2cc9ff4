"""Answers that are given again to who asks the same once more, in the database that the first one changed.

An answer is written in the transaction of what it tells: there is no moment at which one is there without the other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Column, Connection, Double, Integer, LargeBinary, MetaData, String, Table, delete, insert, select

# So long is an answer given again.
KEPT_S = 86_400.0
# What is larger is told by its address, and read there.
BOUND = 64 * 1024
# How many old ones go when a new one comes: so there are never more than a day brings.
_FORGOTTEN = 10

ANSWERS = Table(
    "answers",
    MetaData(),
    # Who asked what, under which key: as a digest, which has one length, and tells nothing.
    Column("name", LargeBinary, primary_key=True),
    # All that was asked, likewise.
    Column("request", LargeBinary, nullable=False),
    Column("status", Integer, nullable=False),
    Column("headers", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("until_s", Double, nullable=False, index=True),
)


class Answer(NamedTuple):
    """An answer as it was given, and a digest of the *request* that it was given to."""

    request: bytes
    status: int
    headers: Mapping[str, str]
    body: bytes


def add_answers(connection: Connection) -> None:
    """Make the table, for a revision of a service's schema."""
    ANSWERS.create(connection)


def find(connection: Connection, name: bytes, now_s: float) -> Answer | None:
    """What was answered under that *name*, or None."""
    columns = (ANSWERS.c.request, ANSWERS.c.status, ANSWERS.c.headers, ANSWERS.c.body)
    known = (ANSWERS.c.name == name) & (ANSWERS.c.until_s > now_s)
    row = connection.execute(select(*columns).where(known)).one_or_none()
    return Answer(row.request, row.status, json.loads(row.headers), row.body) if row is not None else None


def keep(connection: Connection, name: bytes, answer: Answer, now_s: float) -> None:
    """Keep the first answer under that *name* for a day, and let go of some that are older.

    Raises:
        ValueError: when it is larger than one may be.
    """
    if len(answer.body) > BOUND:
        raise ValueError(f"an answer that is given again has at most {BOUND} bytes, and this has {len(answer.body)}")
    old = select(ANSWERS.c.name).where(ANSWERS.c.until_s <= now_s).order_by(ANSWERS.c.until_s).limit(_FORGOTTEN)
    connection.execute(delete(ANSWERS).where((ANSWERS.c.name == name) | ANSWERS.c.name.in_(old)))
    values = {**answer._asdict(), "headers": json.dumps(dict(answer.headers))}
    connection.execute(insert(ANSWERS).values(name=name, until_s=now_s + KEPT_S, **values))
