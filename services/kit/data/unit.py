"""Some work that waits for its turn at a database, and for whom it is done."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Connection

T = TypeVar("T")
Work = Callable[[Connection], T]


@dataclass(slots=True)
class Unit:
    """Some work, until when it may wait for other processes, and who waits for what it comes to."""

    work: Work[Any]
    until: float
    keys: bool
    answer: asyncio.Future[Any]
    context: contextvars.Context = field(default_factory=contextvars.copy_context)

    @property
    def late(self) -> bool:
        """Whether it has waited for others as long as it may."""
        return self.answer.get_loop().time() > self.until

    def do(self, connection: Connection) -> Any:
        """Do it, as part of what asked for it."""
        return self.context.run(self.work, connection)

    def end(self, result: object, error: BaseException | None) -> None:
        """Tell who waits for it."""
        with suppress(RuntimeError):  # of a loop that is closed: nobody waits any more
            self.answer.get_loop().call_soon_threadsafe(self._tell, result, error)

    def _tell(self, result: object, error: BaseException | None) -> None:
        if self.answer.done():
            return
        if isinstance(error, StopIteration):  # which no future takes
            error = RuntimeError("the work raised StopIteration")
        if error is not None:
            self.answer.set_exception(error)
        else:
            self.answer.set_result(result)


Queue: TypeAlias = SimpleQueue[Unit | None]


def following(queue: Queue, at_once: int) -> list[Unit]:
    """The next unit, with those that wait behind it, up to *at_once*; nothing at the end."""
    units: list[Unit] = []
    while len(units) < at_once:
        try:
            unit = queue.get(block=not units)
        except Empty:
            break
        if unit is None:
            if units:
                queue.put(None)
            break
        if unit.answer.cancelled():
            continue
        # What changes the schema is done by itself.
        if not unit.keys and units:
            queue.put(unit)
            break
        units.append(unit)
        if not unit.keys:
            break
    return units
