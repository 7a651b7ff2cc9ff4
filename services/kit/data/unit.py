"""A unit of work, which is a plain function of a connection, and how it waits in a queue for a thread that does it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from sqlalchemy import Connection

from services.kit.data.asking import BEGUN, COMMITTED, ended, reached, taken_down

if TYPE_CHECKING:
    from observability import Queries

T = TypeVar("T")
Work = Callable[[Connection], T]


# Not frozen: that would take longer for each than to copy its context.
@dataclass(slots=True, eq=False)
class Unit:
    """Some work, until when it may wait for other processes, who waits for what it comes to, and for whom it is taken
    down what it asks.
    """

    work: Work[Any]
    until: float
    answer: asyncio.Future[Any]
    queries: Queries | None = None
    context: Context = field(default_factory=copy_context)

    @property
    def late(self) -> bool:
        """Whether it has waited for others as long as it may."""
        return self.answer.get_loop().time() > self.until

    def do(self, connection: Connection) -> Any:
        """Do it, as part of what asked for it."""
        queries = self.queries
        try:
            if queries is None:
                return self.context.run(self.work, connection)
            return self.context.run(taken_down, queries, self.work, connection)
        except StopIteration as error:  # which no future takes
            raise RuntimeError("the work raised StopIteration") from error

    def begun(self) -> None:
        """It is its turn to write."""
        if self.queries is not None:
            self.queries.reached(BEGUN)

    def committed(self, error: BaseException | None = None) -> None:
        """What it wrote is there to stay, or is not, for that *error*."""
        if self.queries is not None:
            reached(self.queries, COMMITTED, error)

    def end(self, result: object, error: BaseException | None = None) -> None:
        """Tell who waits for it."""
        if self.queries is not None:
            ended(self.queries, error)
        with suppress(RuntimeError):  # of a loop that is closed: nobody waits any more
            self.answer.get_loop().call_soon_threadsafe(self._tell, result, error)

    def _tell(self, result: object, error: BaseException | None) -> None:
        if self.answer.done():
            return
        if error is not None:
            self.answer.set_exception(error)
        else:
            self.answer.set_result(result)


Queue: TypeAlias = SimpleQueue[Unit | None]


def following(queue: Queue, at_once: int) -> Iterator[list[Unit]]:
    """What is to be done next, up to *at_once* of those that wait, until a None comes."""
    going_on = True
    while going_on:
        found = [queue.get()]
        with suppress(Empty):
            while len(found) < at_once:
                found.append(queue.get_nowait())
        going_on = None not in found
        yield [unit for unit in found if unit is not None and not unit.answer.cancelled()]
