"""The schema of a service, brought up to date by Alembic.

Revisions are whole numbers, each one more than the one before: ``revision = "2"``, ``down_revision = "1"``. The code
of one revision works with the schema of the next, so instances are replaced one by one.
"""

from __future__ import annotations

import logging
from pathlib import Path

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext, MigrationStep, RevisionStep
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from services.kit.data import ids
from services.kit.data.faults import Unusable

_log = logging.getLogger(__name__)


class MigrationFailed(Unusable):
    """503: the schema is whole, and not one that this instance can work with."""


class Migrations:
    """Those in the folder ``migrations`` of the service whose folder is *home*."""

    def __init__(self, home: Path) -> None:
        self.service = home.name
        self.table = f"{home.name}_version"
        folder = home / "migrations"
        self._scripts = ScriptDirectory(str(folder), version_locations=[str(folder)])

    @property
    def newest(self) -> int:
        """The revision that this code is written for."""
        return int(self._scripts.get_current_head() or 0)

    def current(self, connection: Connection) -> int:
        """The revision that the database is at; 0 where there is none."""
        context = MigrationContext.configure(connection, opts={"version_table": self.table})
        return int(context.get_current_revision() or 0)

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
        with EnvironmentContext(Config(), self._scripts, fn=self._missing) as environment:
            environment.configure(connection=connection, version_table=self.table, transactional_ddl=True)
            last = ids.given(connection)
            environment.run_migrations()
            ids.keep(connection, last)
        _log.info("the schema of %s is at revision %d", self.service, self.newest)

    def _missing(self, current: tuple[str, ...], _: MigrationContext) -> list[RevisionStep]:
        scripts = [*self._scripts.iterate_revisions("head", current[0] if current else "base")]
        return [MigrationStep.upgrade_from_script(self._scripts.revision_map, script) for script in reversed(scripts)]
