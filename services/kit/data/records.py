"""The records of one kind in their table: what can be done with them, as functions of a connection.

So several share a transaction, and a transaction may hold more than records. The columns are the fields of the model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    RowMapping,
    Table,
    bindparam,
    cast,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import sqlite

from discovery.web.validation import Schema

if TYPE_CHECKING:
    from types import ModuleType

    from sqlalchemy.dialects import postgresql

D = TypeVar("D", bound=Schema)
R = TypeVar("R", bound=Schema)

# The largest whole number that a column holds, which no id ever becomes.
LARGEST = 2**31 - 1

# How many rows that are made up go to the database by one statement.
_AT_ONCE = 500


def insert_into(table: Table, connection: Connection) -> sqlite.Insert | postgresql.Insert:
    """An insert that can say what becomes of a row that is there: SQL leaves that to each database, and these agree."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else _postgresql().insert(table)


def _postgresql() -> ModuleType:
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - only who uses it pays for it

    return postgresql


class Order(NamedTuple):
    """By a column of whole numbers in the place of the id: rows that have none come last, equal ones by their ids.

    ``at`` is what the last row seen has there.
    """

    column: Column[int | None] | Column[int]
    descending: bool
    at: int | None

    def beyond(self, id: ColumnElement[int], after: int) -> ColumnElement[bool]:
        """What follows the row that has the id *after*."""
        none, later = self.column.is_(None), id > after
        if self.at is None:
            return none & later
        further = self.column < self.at if self.descending else self.column > self.at
        return further | ((self.column == self.at) & later) | none

    def keys(self, id: ColumnElement[int]) -> Sequence[ColumnElement[Any]]:
        """What to sort by."""
        return self.column.is_(None), self.column.desc() if self.descending else self.column.asc(), id


class Records(Generic[D, R]):
    """Keeps drafts of the type *D* in *table* as records of the type *R*."""

    def __init__(self, table: Table, record: type[R]) -> None:
        self._table = table
        self.record = record
        self._id = table.c.id
        wanted = self._id == bindparam("wanted")
        # Made once: SQLAlchemy compiles a statement once for each database, and finds that faster by the same object.
        self._get = select(table).where(wanted)
        self._page = select(table).where(self._id > bindparam("after")).order_by(self._id).limit(bindparam("most"))
        self._add = insert(table).returning(*table.c)
        self._replace = update(table).where(wanted).returning(*table.c)
        self._remove = delete(table).where(wanted)

    def get(self, connection: Connection, id: int) -> R | None:
        """The record, or None."""
        return self._one(connection.execute(self._get, {"wanted": id}).mappings().one_or_none())

    def page(
        self,
        connection: Connection,
        *,
        after: int,
        most: int,
        conditions: Sequence[ColumnElement[bool]] = (),
        order: Order | None = None,
    ) -> Sequence[R]:
        """At *most* so many records that meet the *conditions*, in their *order* or by their ids, from the one that
        follows *after* on.
        """
        after = min(after, LARGEST)
        if order is None:
            statement, asked = self._page, {"after": after, "most": most}
        else:
            statement, asked = select(self._table).order_by(*order.keys(self._id)).limit(most), {}
            if after:
                statement = statement.where(order.beyond(self._id, after))
        if conditions:
            statement = statement.where(*conditions)
        return [self.record.model_validate(dict(row)) for row in connection.execute(statement, asked).mappings()]

    def add(self, connection: Connection, draft: D) -> R:
        """Keep a new record, under the draft's id if it has one."""
        values = draft.model_dump(exclude_none=True)
        if connection.dialect.name == "sqlite":
            row = connection.execute(self._add, values).mappings().one()
        else:
            row = self._add_to_sequence(connection, values)
        return self.record.model_validate(dict(row))

    def replace(self, connection: Connection, id: int, draft: D) -> R | None:
        """Put the draft in the place of the record, whole; None when there is no such record."""
        values = draft.model_dump(exclude={"id"})
        return self._one(connection.execute(self._replace, {"wanted": id, **values}).mappings().one_or_none())

    def remove(self, connection: Connection, id: int) -> bool:
        """Delete the record; False when it is gone already."""
        return connection.execute(self._remove, {"wanted": id}).rowcount > 0

    def _add_to_sequence(self, connection: Connection, values: dict[str, object]) -> RowMapping:
        """As SQLite does by itself: an id that a caller chose is counted, and none is given that is taken."""
        sequence = cast(func.pg_get_serial_sequence(self._table.name, "id"), _postgresql().REGCLASS)
        if chosen := values.get("id"):
            row = connection.execute(self._add, values).mappings().one()
            last = func.coalesce(func.pg_sequence_last_value(sequence), 1)
            connection.execute(select(func.setval(sequence, func.greatest(chosen, last))))
            return row
        careful = insert_into(self._table, connection).on_conflict_do_nothing(index_elements=[self._id])
        while not (added := connection.execute(careful.returning(*self._table.c), values).mappings().one_or_none()):
            pass
        return added

    def _one(self, row: RowMapping | None) -> R | None:
        return self.record.model_validate(dict(row)) if row is not None else None


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
