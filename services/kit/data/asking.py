"""What a unit of work asks of the database, taken down for the trace that the unit is part of.

Where nobody looks at that trace, a statement pays for one look at a variable. SQLAlchemy's own events for statements
would take several microseconds of each, since a connection that has any looks for all of them.
"""

from __future__ import annotations

import sys
from asyncio import CancelledError
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import PurePath
from time import time_ns
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.engine import URL, Dialect

import observability

if TYPE_CHECKING:
    from observability import Queries

T = TypeVar("T")

# What a unit that writes waits for, and its end, which is the way to the disk. How a database is told differs.
BEGUN = "BEGIN"
COMMITTED = "COMMIT"

# Without it nobody makes spans in this process, and to load it would take a command longer than what it is for.
_SDK = "opentelemetry.sdk.trace"

_TAKEN_DOWN: ContextVar[Queries | None] = ContextVar("taken_down", default=None)


class Asked:
    """The database at *url*, as those who look at traces know it."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._name: observability.DatabaseName | None = None

    def by_this_unit(self) -> Queries | None:
        """What takes down what a unit of the running code asks it; None where nobody looks."""
        if _SDK not in sys.modules:
            return None
        if self._name is None:
            url = self._url
            is_file = url.get_backend_name() == "sqlite"
            name = PurePath(url.database or "").name if is_file else url.database
            self._name = observability.DatabaseName(url.get_backend_name(), name or "", url.host or "", url.port or 0)
        return observability.recording_queries(self._name)


def taken_down(queries: Queries, work: Callable[[Connection], T], connection: Connection) -> T:
    """What *work* returns, which asks what *queries* is told."""
    queries.under_way = True
    token = _TAKEN_DOWN.set(queries)
    try:
        return work(connection)
    finally:
        _TAKEN_DOWN.reset(token)


def reached(queries: Queries, what: str, error: BaseException | None = None) -> None:
    """*what* is over, and ended with *error*, if any."""
    if error is None:
        queries.reached(what)
    else:
        queries.reached(what, failure=_failure(error), code=_code(error))


def ended(queries: Queries, error: BaseException | None) -> None:
    """The unit is over, and ended with *error*, if any: of one that had not even begun, that is all to tell."""
    if error is not None and not queries.under_way:
        reached(queries, BEGUN, error)
    queries.finish()


def heed(dialect: Dialect) -> None:
    """Take down what a connection of this dialect asks, while it is asked for a unit that wants that."""
    one, many = dialect.do_execute, dialect.do_executemany

    def do_execute(cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        if (queries := _TAKEN_DOWN.get()) is None:
            one(cursor, statement, parameters, context)
        else:
            _ask(queries, one, (cursor, statement, parameters, context), 0)

    def do_executemany(cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        if (queries := _TAKEN_DOWN.get()) is None:
            many(cursor, statement, parameters, context)
        else:
            times = len(parameters)
            _ask(queries, many, (cursor, statement, parameters, context), times if times > 1 else 0)

    dialect.do_execute = do_execute  # type: ignore[method-assign]
    dialect.do_executemany = do_executemany  # type: ignore[method-assign]


def _ask(queries: Queries, do: Callable[..., None], asked: tuple[Any, str, Any, Any], times: int) -> None:
    began_ns, sql = time_ns(), asked[1]
    try:
        do(*asked)
    except BaseException as error:
        queries.asked(sql, began_ns, batch=times, failure=_failure(error), code=_code(error))
        raise
    queries.asked(sql, began_ns, batch=times)


def _failure(error: BaseException) -> str:
    """The class of *error*; who is cancelled has not failed."""
    return "" if isinstance(error, CancelledError) else type(_cause(error)).__name__


def _cause(error: BaseException) -> BaseException:
    """What the driver raised: SQLAlchemy has it in a wrapper, and its own adapter of asyncpg in one more."""
    original = getattr(error, "orig", None)
    error = original if isinstance(original, BaseException) else error
    return error.__cause__ if error.__cause__ is not None and _code(error) else error


def _code(error: BaseException) -> str:
    """What the database calls it: five characters of SQLSTATE, or SQLite's name; empty where it has not spoken."""
    error = getattr(error, "orig", None) or error
    return str(getattr(error, "sqlstate", None) or getattr(error, "sqlite_errorname", None) or "")
