"""The five routes of a table: list, add, read, replace, delete."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, Literal, TypeAlias, TypeVar

from aiohttp import web
from pydantic import BaseModel
from sqlalchemy import ColumnElement, Connection

from discovery.web import FieldError, Problem
from services.kit.data.records import Order, Records
from services.kit.web.entity_tags import check_if_match, is_known, tag
from services.kit.web.paging import page
from services.kit.web.route import Asked, Reply, Route, Scope
from services.kit.web.schema import CHOSEN_MAX, Draft, PageQuery, Record

D = TypeVar("D", bound=Draft)
R = TypeVar("R", bound=Record)
Q = TypeVar("Q", bound=PageQuery)

# What becomes of a record.
Change: TypeAlias = Literal["added", "changed", "deleted"]

# Who may change what everybody sees.
_WRITES: Scope = "staff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource(Generic[D, R, Q]):
    """What the five have in common. ``path`` is where they are, like ``/ports``.

    ``where`` says what a query asks for, as conditions, and ``order`` in which order, None: that of the ids;
    ``shown`` what is shown of one record, when that is more than itself: a model that holds the record's fields, and
    others beside them; ``told`` is called in each transaction that changes one, with the time: it tells others.
    """

    path: str
    records: Records[D, R]
    draft: type[D]
    query: type[Q]
    where: Callable[[Q], Sequence[ColumnElement[bool]]]
    order: Callable[[Q], Order | None] = lambda _: None
    shown: Callable[[web.Request, R], Awaitable[BaseModel]] | None = None
    shows: type[BaseModel] | None = None
    told: Callable[[Connection, Change, R, float], None] = lambda *_: None

    def routes(self, also: str | None = None) -> tuple[Route, ...]:
        """The five, and the same at *also*, which is another name for the path."""
        record, draft = self.records.record, self.draft
        noun = record.__name__.lower()
        routes: list[Route] = []
        for path in (self.path, also) if also else (self.path,):
            single = f"{path}/{{id}}"
            routes += (
                Route(
                    *("GET", path, self.list),
                    answers={200: list[record]},  # type: ignore[valid-type]
                    query=self.query,
                    summary=f"List every {noun}",
                ),
                Route(
                    *("POST", path, self.add),
                    answers={201: record},
                    body=draft,
                    scope=_WRITES,
                    summary=f"Add a {noun}",
                ),
                Route("GET", single, self.read, answers={200: self.shows or record}, summary=f"Read one {noun}"),
                Route(
                    *("PUT", single, self.replace),
                    answers={200: record},
                    body=draft,
                    scope=_WRITES,
                    if_match=True,
                    summary=f"Put another {noun} in the place of this one, whole",
                ),
                Route(
                    *("DELETE", single, self.delete),
                    answers={204: None},
                    scope=_WRITES,
                    if_match=False,
                    summary=f"Delete a {noun}, unless it is gone already",
                ),
            )
        return tuple(routes)

    async def list(self, asked: Asked[None, Q]) -> Reply:
        """The page that the query asks for."""
        query = asked.query
        order = self.order(query)
        most = query.limit + 1
        work = partial(self.records.page, after=query.after, most=most, conditions=self.where(query), order=order)
        return page(asked.request, await asked.database.read(work), query.limit, order)

    async def add(self, asked: Asked[D, None]) -> Reply:
        """A new record, under the id that the draft has, or else the next."""
        if asked.body.id is not None and asked.body.id > CHOSEN_MAX:
            error = FieldError("id", f"must be at most {CHOSEN_MAX} where it is chosen, or left out")
            raise Problem(422, "an id is chosen that is too large", errors=[error])

        def work(connection: Connection) -> R:
            added = self.records.add(connection, asked.body)
            self.told(connection, "added", added, asked.now_s)
            return added

        record = await asked.database.write(work)
        return Reply(record, headers={"Location": f"{self.path}/{record.id}", "ETag": self._tag(record)})

    async def read(self, asked: Asked[None, None]) -> Reply:
        """One record; 304 when the caller has it already."""
        record = self._found(await asked.database.read(partial(self.records.get, id=asked.id)))
        content = await self.shown(asked.request, record) if self.shown else record
        current = self._tag(record, content)
        headers = {"ETag": current}
        return Reply(None, 304, headers) if is_known(asked.request, current) else Reply(content, headers=headers)

    async def replace(self, asked: Asked[D, None]) -> Reply:
        """The draft in the place of the record, when that is still the version that the caller means."""
        if asked.body.id not in {None, asked.id}:
            error = FieldError("id", "must be that of the path, or left out")
            raise Problem(422, "the body is for another record", errors=[error])

        def work(connection: Connection) -> R:
            before = self._found(self.records.get(connection, asked.id))
            check_if_match(asked.request, self._own(before), required=True)
            after = self._found(self.records.replace(connection, asked.id, asked.body))
            self.told(connection, "changed", after, asked.now_s)
            return after

        record = await asked.database.write(work)
        return Reply(record, headers={"ETag": self._tag(record)})

    async def delete(self, asked: Asked[None, None]) -> None:
        """Nothing is left, also when nothing was there."""

        def work(connection: Connection) -> None:
            record = self.records.get(connection, asked.id)
            if record is not None:
                check_if_match(asked.request, self._own(record), required=False)
                self.records.remove(connection, asked.id)
                self.told(connection, "deleted", record, asked.now_s)

        await asked.database.write(work)

    def _own(self, record: R) -> str:
        """What a draft can change of it."""
        return record.model_dump_json(include=set(self.draft.model_fields))

    def _tag(self, record: R, shown: BaseModel | None = None) -> str:
        return tag(self._own(record), (shown or record).model_dump_json())

    def _found(self, record: R | None) -> R:
        if record is None:
            raise Problem(404, f"there is no such {self.records.record.__name__.lower()}")
        return record
