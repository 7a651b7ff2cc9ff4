"""What SQLite, its driver and the file system raise, as problems."""

from __future__ import annotations

import re
import sqlite3

from sqlalchemy.exc import DBAPIError

from discovery.web import Problem
from services.kit.data.faults import Busy, Unusable, refused, taken, unrelated

_WRONG = {
    "SQLITE_FULL": "has no room left on its disk",
    "SQLITE_READONLY": "can only be read",
    "SQLITE_CORRUPT": "is damaged: restore a backup",
    "SQLITE_NOTADB": "is damaged: restore a backup",
}


def problem(error: BaseException) -> Problem | None:
    """What a caller is told of *error*, or None where it is a mistake of ours."""
    if isinstance(error, OSError):
        return Unusable("cannot be reached now")
    cause = error.orig if isinstance(error, DBAPIError) else error
    if not isinstance(cause, sqlite3.Error) or not (name := getattr(cause, "sqlite_errorname", "")):
        return None
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return Busy()
    if name.startswith("SQLITE_CONSTRAINT"):
        return _refusal(name, str(cause))
    if isinstance(cause, sqlite3.OperationalError) and name == "SQLITE_ERROR":
        return None  # a statement that makes no sense
    wrong = next((what for start, what in _WRONG.items() if name.startswith(start)), "cannot be used now")
    return Unusable(wrong) if isinstance(cause, sqlite3.DatabaseError) else None


def _refusal(name: str, said: str) -> Problem | None:
    if name in {"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_ROWID"}:
        # "UNIQUE constraint failed: ports.laptop, ports.name", and that is all it says.
        return taken(re.findall(r"\.(\w+)", said))
    if name == "SQLITE_CONSTRAINT_CHECK":
        return refused(said.rpartition(": ")[2])
    return unrelated() if name == "SQLITE_CONSTRAINT_FOREIGNKEY" else None
