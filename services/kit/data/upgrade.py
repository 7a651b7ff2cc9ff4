"""The schema of a service, brought up to date by Alembic.

No id is given twice, whatever a migration does: whoever remembers one must not meet something else.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext, MigrationStep, RevisionStep
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, RowMapping, cast, column, func, inspect, select, table, text
from sqlalchemy.dialects.postgresql import REGCLASS

_log = logging.getLogger(__name__)

_COUNTED = text(
    "SELECT table_name, pg_get_serial_sequence(quote_ident(table_name), 'id') FROM information_schema.columns"
    " WHERE table_schema = 'public' AND column_name = 'id' AND column_default LIKE 'nextval%'"
)


def upgrade(connection: Connection, folder: Path, version_table: str) -> None:
    """Do what is missing of the revisions in *folder*, within the transaction of *connection*."""
    scripts = ScriptDirectory(str(folder), version_locations=[str(folder)])

    def missing(current: tuple[str, ...], _: MigrationContext) -> list[RevisionStep]:
        later = [*scripts.iterate_revisions("head", current[0] if current else "base")]
        return [MigrationStep.upgrade_from_script(scripts.revision_map, script) for script in reversed(later)]

    with EnvironmentContext(Config(), scripts, fn=missing) as environment:
        environment.configure(connection=connection, version_table=version_table, transactional_ddl=True)
        last = _given(connection)
        environment.run_migrations()
        _keep(connection, last)
    _log.info("the schema of %s is at revision %s", folder.parent.name, scripts.get_current_head())


def _given(connection: Connection) -> Sequence[RowMapping]:
    """The last ids that SQLite gave: a table that is made anew would begin again after the largest that is left."""
    if connection.dialect.name != "sqlite" or not inspect(connection).has_table("sqlite_sequence"):
        return ()
    return connection.execute(text("SELECT name, seq FROM sqlite_sequence")).mappings().all()


def _keep(connection: Connection, last: Sequence[RowMapping]) -> None:
    """Go on after the *last*; in PostgreSQL, which does not count ids that somebody chose, after those as well."""
    for each in last:
        connection.execute(text("UPDATE sqlite_sequence SET seq = max(seq, :seq) WHERE name = :name"), dict(each))
    if connection.dialect.name == "postgresql":
        for name, sequence in connection.execute(_COUNTED).all():
            place = cast(sequence, REGCLASS)
            largest = select(func.max(column("id"))).select_from(table(name)).scalar_subquery()
            # Where there is no id at all this is null, and sets nothing.
            reached = func.greatest(largest, func.pg_sequence_last_value(place))
            connection.execute(select(func.setval(place, reached)))
