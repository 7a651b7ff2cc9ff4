"""A service of the tests: things with a name, in a folder with revisions that a test may add to."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, func, insert, select

THINGS = Table("things", MetaData(), Column("id", Integer, primary_key=True), Column("name", String, unique=True))

FIRST = """
op.create_table(
    "things",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String, unique=True),
    sa.CheckConstraint("name <> 'nameless'", name="name"),
    sqlite_autoincrement=True,
)
op.execute("INSERT INTO things (name) VALUES ('one'), ('two')")
"""


def home(folder: Path, *revisions: str) -> Path:
    """The folder of the service, whose revisions do what is said: the first, and then those that are given."""
    place = folder / "things"
    (place / "migrations").mkdir(parents=True, exist_ok=True)
    for number, does in enumerate((FIRST, *revisions), start=1):
        before = repr(str(number - 1)) if number > 1 else None
        body = "".join(f"    {line}\n" for line in does.strip().splitlines())
        (place / "migrations" / f"v{number}.py").write_text(
            f"import sqlalchemy as sa\nfrom alembic import op\n\nrevision = '{number}'\n"
            f"down_revision = {before}\n\n\ndef upgrade():\n{body}"
        )
    return place


def count(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(THINGS)).scalar_one()


def add(name: str, connection: Connection) -> None:
    connection.execute(insert(THINGS).values(name=name))
