"""The records of one kind in their table: the five things that can be done with them.

The columns of the table are the fields of the model. Each method raises a
:class:`~discovery.web.problem.Problem` when the database is away (503), or when a record is there already (409).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from sqlalchemy import ColumnElement, Table, delete, insert, select, update
from sqlalchemy.engine import RowMapping

from services.kit.database import Database
from services.kit.paging import PageQuery
from services.kit.schema import Draft, Record

D = TypeVar("D", bound=Draft)
R = TypeVar("R", bound=Record)


class Records(Generic[D, R]):
    """Keeps drafts of the type *D* as records of the type *R*."""

    def __init__(self, database: Database, table: Table, record: type[R]) -> None:
        self._database = database
        self._table = table
        self._id = table.c.id
        self._record = record

    async def page(self, query: PageQuery, *conditions: ColumnElement[bool]) -> Sequence[R]:
        """The page that *query* asks for, and one record more if there is a next page."""
        statement = select(self._table).where(self._id > query.after, *conditions)
        async with self._database.reading() as connection:
            result = await connection.execute(statement.order_by(self._id).limit(query.limit + 1))
            return [self._read(row) for row in result.mappings()]

    async def get(self, id: int) -> R | None:
        """The record, or None."""
        async with self._database.reading() as connection:
            result = await connection.execute(select(self._table).where(self._id == id))
            return self._read_one(result.mappings().one_or_none())

    async def add(self, draft: D) -> R:
        """Keep a new record, under the draft's id if it has one."""
        statement = insert(self._table).values(draft.model_dump(exclude_none=True)).returning(self._table)
        async with self._database.writing() as connection:
            return self._read((await connection.execute(statement)).mappings().one())

    async def replace(self, id: int, draft: D) -> R | None:
        """Put the draft in the place of the record, whole; None when there is no such record."""
        statement = update(self._table).where(self._id == id).values(draft.model_dump(exclude={"id"}))
        async with self._database.writing() as connection:
            result = await connection.execute(statement.returning(self._table))
            return self._read_one(result.mappings().one_or_none())

    async def remove(self, id: int) -> None:
        """Delete the record, unless it is gone already."""
        async with self._database.writing() as connection:
            await connection.execute(delete(self._table).where(self._id == id))

    def _read(self, row: RowMapping) -> R:
        return self._record.model_validate(dict(row))

    def _read_one(self, row: RowMapping | None) -> R | None:
        return self._read(row) if row is not None else None
