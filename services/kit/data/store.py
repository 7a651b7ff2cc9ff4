"""How units of work are carried out, on whatever database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from discovery.web import Problem

T = TypeVar("T")
Work = Callable[[Connection], T]


class Store(Protocol):
    """What is raised is the driver's, and ``problem`` knows what a caller is told of it."""

    def open(self) -> None: ...
    async def close(self) -> None: ...
    async def read(self, work: Work[T]) -> T: ...
    async def write(self, work: Work[T]) -> T: ...
    async def migrate(self, work: Work[None], done: Work[bool]) -> None: ...
    def problem(self, error: BaseException) -> Problem | None: ...
