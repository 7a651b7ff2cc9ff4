"""Two-phase commit over two databases of PostgreSQL, as small as it can be right: for a test that shows what it costs.

First each database prepares its part: it promises to commit it, whatever happens to whoever asked. When all have, the
coordinator writes down that all of it counts, and only then tells them. What it did not write down does not count
(presumed abort), so whoever reads its log afterwards can end what it began.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from enum import Enum
from typing import Any

from sqlalchemy.engine import URL

from tests.postgresql.server import connected


class Dies(Exception):
    """The coordinator is killed: it says nothing more, and its connections end."""


class Moment(Enum):
    """After what it is killed."""

    ONE_PREPARED = "one part is prepared"
    ALL_PREPARED = "all parts are prepared"
    DECIDED = "it is written down that they count"
    ONE_TOLD = "one part is told"


class Coordinator:
    """Changes the *parts*, databases by name, together. What it decided is kept in the database *log*."""

    def __init__(self, log: URL, parts: Mapping[str, URL], dies: Moment | None = None) -> None:
        self._log = log
        self._parts = parts
        self._dies = dies

    async def change(self, name: str, statements: Mapping[str, str]) -> None:
        """Do each of the *statements* in its part, or none of them.

        Raises:
            PostgresError: that of the part that refused; nothing was done in any of them then.
        """
        async with AsyncExitStack() as stack:
            log = await _opened(stack, self._log)
            await log.execute("CREATE TABLE IF NOT EXISTS decided (name text PRIMARY KEY)")
            parts = {part: await _opened(stack, url) for part, url in self._parts.items()}
            prepared: list[str] = []
            try:
                for part, statement in statements.items():
                    await parts[part].execute("BEGIN")
                    await parts[part].execute(statement)
                    await parts[part].execute(f"PREPARE TRANSACTION '{self._id(name, part)}'")
                    prepared.append(part)
                    self._may_die(Moment.ONE_PREPARED)
            except Dies:
                raise
            except Exception:
                for part in prepared:
                    await parts[part].execute(f"ROLLBACK PREPARED '{self._id(name, part)}'")
                raise
            self._may_die(Moment.ALL_PREPARED)
            await log.execute("INSERT INTO decided VALUES ($1)", name)
            self._may_die(Moment.DECIDED)
            for part in prepared:
                await parts[part].execute(f"COMMIT PREPARED '{self._id(name, part)}'")
                self._may_die(Moment.ONE_TOLD)

    async def recover(self) -> None:
        """End what one that was killed has begun. Only this does: no database ends by itself what it promised."""
        async with AsyncExitStack() as stack:
            log = await _opened(stack, self._log)
            decided = {row["name"] for row in await log.fetch("SELECT name FROM decided")}
            for url in self._parts.values():
                part = await _opened(stack, url)
                for (known,) in await part.fetch(IN_DOUBT):
                    word = "COMMIT" if known.partition("@")[0] in decided else "ROLLBACK"
                    await part.execute(f"{word} PREPARED '{known}'")

    def _id(self, name: str, part: str) -> str:
        """One is known to the whole server, and each part may be on the same."""
        return f"{name}@{self._parts[part].database}"

    def _may_die(self, moment: Moment) -> None:
        if moment is self._dies:
            raise Dies


# The view shows those of all databases of a server.
IN_DOUBT = "SELECT gid FROM pg_prepared_xacts WHERE database = current_database()"


async def _opened(stack: AsyncExitStack, url: URL) -> Any:
    connection = await connected(url)
    stack.push_async_callback(connection.close)
    return connection
