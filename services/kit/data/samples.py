"""Records that are made up, to see a service with more of them than somebody would type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, func, select

from services.kit.data.records import insert_into

_AT_ONCE = 500


class Samples(NamedTuple):
    """Rows for *table*: ``make(7)`` is the eighth, and always the same."""

    table: Table
    make: Callable[[int], Mapping[str, Any]]

    def add(self, count: int, connection: Connection) -> int:
        """Add *count* rows to those that are there, and return how many there are."""
        size = select(func.count()).select_from(self.table)
        first = connection.execute(size).scalar_one()
        # One that is there already is as good as a new one.
        insert = insert_into(self.table, connection).on_conflict_do_nothing()
        for start in range(first, first + count, _AT_ONCE):
            numbers = range(start, min(start + _AT_ONCE, first + count))
            connection.execute(insert, [dict(self.make(number)) for number in numbers])
        return connection.execute(size).scalar_one()
