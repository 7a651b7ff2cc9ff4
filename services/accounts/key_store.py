"""Signing keys in their table, where all instances find them: functions of a connection.

Their private part is protected as well as the database is: who can read that can sign as this service does.
"""

from __future__ import annotations

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from services.accounts.access_token import SigningKey, new_pair
from services.accounts.key_policy import Term, is_over, rotated, wanted
from services.accounts.tables import SIGNING_KEYS


def keys(connection: Connection) -> list[SigningKey]:
    """All keys."""
    rows = connection.execute(select(SIGNING_KEYS).order_by(SIGNING_KEYS.c.generation)).mappings()
    return [SigningKey.read(_term(row), row["pair"]) for row in rows]


def tend(connection: Connection, now_s: float) -> None:
    """Publish a next key if there is none, and clear away keys that are over."""
    terms = _terms(connection)
    while term := wanted(terms, now_s):
        values = {"pair": new_pair(), "published_s": term.published_s, "signs_s": term.signs_s}
        connection.execute(insert(SIGNING_KEYS).values(generation=term.generation, **values))
        terms.append(term)
    over = [term.generation for term in terms if is_over(term, terms, now_s)]
    connection.execute(delete(SIGNING_KEYS).where(SIGNING_KEYS.c.generation.in_(over)))


def rotate(connection: Connection, now_s: float, *, at_once: bool = False) -> Term | None:
    """Let the next key sign as soon as it may; None: it does so already, or there is none."""
    if term := rotated(_terms(connection), now_s, at_once=at_once):
        change = update(SIGNING_KEYS).where(SIGNING_KEYS.c.generation == term.generation)
        connection.execute(change.values(signs_s=term.signs_s))
    return term


def _terms(connection: Connection) -> list[Term]:
    return [_term(row) for row in connection.execute(select(SIGNING_KEYS)).mappings()]


def _term(row: RowMapping) -> Term:
    return Term(row["generation"], row["published_s"], row["signs_s"])
