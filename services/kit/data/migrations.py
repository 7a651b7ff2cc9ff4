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

from services.kit.data.faults import Unusable

_log = logging.getLogger(__name__)


class MigrationFailed(Unusable):
    """503: the schema is still that of before."""


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

    def upgrade(self, connection: Connection) -> None:
        """Do what is missing, within the transaction of *connection*."""
        current = self.current(connection)
        if current == self.newest + 1:
            _log.warning("the database of %s is one revision ahead of this instance, which goes on", self.service)
        if current > self.newest + 1:
            raise MigrationFailed(
                f"is at revision {current}, and this instance knows those up to {self.newest}: update the instance"
            )
        if current >= self.newest:
            return
        environment = EnvironmentContext(Config(), self._scripts, fn=self._missing)
        with environment:
            environment.configure(connection=connection, version_table=self.table, transactional_ddl=True)
            try:
                environment.run_migrations()
            except Exception as error:
                _log.exception("the schema of %s stays at revision %d", self.service, current)
                raise MigrationFailed("could not be brought up to date") from error
        _log.info("the schema of %s is at revision %d, and was at %d", self.service, self.newest, current)

    def _missing(self, current: tuple[str, ...], _: MigrationContext) -> list[RevisionStep]:
        scripts = [*self._scripts.iterate_revisions("head", current[0] if current else "base")]
        return [MigrationStep.upgrade_from_script(self._scripts.revision_map, script) for script in reversed(scripts)]
