"""What PostgreSQL, its driver and the network raise, as problems."""

from __future__ import annotations

import re

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from discovery.web import Problem
from services.kit.data.faults import Busy, Unusable, refused, taken, unrelated

# Nothing was committed, and the same unit may well go through when it is done again.
AGAIN = frozenset({"40001", "40P01"})

# A statement was prepared for the schema of before.
STALE = "0A000"

# It says: Key (laptop, name)=(1, USB-C) already exists.
_KEY = re.compile(r"Key \((.+?)\)=")

# What a state of SQL begins with, and what is wrong then.
_WRONG = {
    "08": "cannot be reached now",
    "25006": "can only be read",
    "28": "does not let this service in: look at the role and the password in DATABASE_URL",
    "3D": "does not exist: make it, with its role, by python -m services.kit.data.roles",
    "42501": "does not let this service do that: look at the rights of its role",
    "53100": "has no room left on its disk",
    "57P": "cannot be reached now",
    "58": "cannot be used now",
    "XX": "is damaged: restore a backup",
}
_BUSY = ("53", "55P03", "57014")


def problem(error: BaseException) -> Problem | None:
    """What a caller is told of *error*, or None where it is a mistake of ours."""
    if isinstance(error, PoolExhausted):
        return Busy()
    if isinstance(error, OSError | asyncpg.InterfaceError) or getattr(error, "connection_invalidated", False):
        return Unusable("cannot be reached now")
    found = state(error)
    if found.startswith("23"):
        return _refusal(error, found)
    for start, what in _WRONG.items():
        if found.startswith(start):
            return Unusable(what)
    return Busy() if found in AGAIN or found.startswith(_BUSY) else None


def _refusal(error: BaseException, code: str) -> Problem | None:
    said = _cause(error)
    if code == "23505":
        found = _KEY.match(getattr(said, "detail", None) or "")
        return taken(re.findall(r"\w+", found[1])) if found else None
    if code == "23514":
        return refused(str(getattr(said, "constraint_name", "")))
    return unrelated() if code == "23503" else None


def state(error: BaseException) -> str:
    """What PostgreSQL calls it, five characters; empty where it does not come from there."""
    return getattr(_cause(error), "sqlstate", None) or ""


def _cause(error: BaseException) -> BaseException | None:
    """What asyncpg raised: SQLAlchemy has it in a wrapper in a wrapper."""
    if isinstance(error, DBAPIError):
        return error.orig.__cause__ if error.orig is not None else None
    return error
