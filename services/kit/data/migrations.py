"""Which revision of its schema a service needs, and which its database is at.

Revisions are whole numbers, each one more than the one before: in ``v2_reservations.py`` stand ``revision = "2"`` and
``down_revision = "1"``. The code of one revision works with the schema of the next, so instances are replaced one by
one.
"""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import Connection, column, inspect, select, table

from services.kit.data.faults import Unusable

_NAME = re.compile(r"v([1-9][0-9]*)(?:_\w+)?\.py")


class MigrationFailed(Unusable):
    """503: the schema is whole, and not one that this instance can work with."""


class Migrations:
    """Those in the folder ``migrations`` of the service whose folder is *home*."""

    def __init__(self, home: Path) -> None:
        self.service = home.name
        self.table = f"{home.name}_version"
        self._folder = home / "migrations"
        named = (_NAME.fullmatch(file.name) for file in self._folder.iterdir())
        # The revision that this code is written for.
        self.newest = max((int(name[1]) for name in named if name), default=0)

    def current(self, connection: Connection) -> int:
        """The revision that the database is at; 0 where there is none."""
        if not inspect(connection).has_table(self.table):
            return 0
        return int(connection.execute(select(column("version_num")).select_from(table(self.table))).scalar() or 0)

    def done(self, connection: Connection) -> bool:
        """Whether nothing is missing. An instance goes on beside the next one's schema, and no other."""
        current = self.current(connection)
        if current > self.newest + 1:
            raise MigrationFailed(f"is at revision {current}, and this instance knows {self.newest}: take a newer one")
        return current >= self.newest

    def upgrade(self, connection: Connection) -> None:
        """Do what is missing, within the transaction of *connection*."""
        if self.done(connection):
            return
        # An instance that finds its schema in place, as nearly all do, has no use for what changes one.
        from services.kit.data.upgrade import upgrade  # noqa: PLC0415 - see above

        upgrade(connection, self._folder, self.table)
