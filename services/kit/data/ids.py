"""No id is given twice, whatever a migration does: whoever remembers one must not meet something else."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, cast, column, func, inspect, select, table, text
from sqlalchemy.dialects.postgresql import REGCLASS

_COUNTED = text(
    "SELECT table_name, pg_get_serial_sequence(quote_ident(table_name), 'id') FROM information_schema.columns"
    " WHERE table_schema = 'public' AND column_name = 'id' AND column_default LIKE 'nextval%'"
)


def given(connection: Connection) -> Sequence[RowMapping]:
    """The last ids that SQLite gave: a table that is made anew would begin again after the largest that is left."""
    if connection.dialect.name != "sqlite" or not inspect(connection).has_table("sqlite_sequence"):
        return ()
    return connection.execute(text("SELECT name, seq FROM sqlite_sequence")).mappings().all()


def keep(connection: Connection, last: Sequence[RowMapping]) -> None:
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
