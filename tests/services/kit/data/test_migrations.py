from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Table, delete, func, insert, inspect, select, text
from sqlalchemy.engine import URL

from discovery.web import Problem
from services.kit.data.database import Database
from services.kit.data.migrations import MigrationFailed
from services.laptops.table import LAPTOPS
from services.ports.table import PORTS
from services.recommendations.table import LOOKS
from tests.services.kit.data.things import THINGS, add, count, home

SERVICES = Path(__file__).parents[4] / "services"
COLOUR = 'op.add_column("things", sa.Column("colour", sa.String, server_default="red"))'
LABELS = 'op.create_table("labels", sa.Column("id", sa.Integer, primary_key=True))'
ANEW = """
with op.batch_alter_table("things", table_kwargs={"sqlite_autoincrement": True}) as things:
    things.alter_column("name", existing_type=sa.String, nullable=False)
"""
BREAK = "op.execute(\"UPDATE things SET name = 'same'\")"


def columns(connection: Connection) -> set[str]:
    return {column["name"] for column in inspect(connection).get_columns("things")}


def revision(connection: Connection) -> str:
    return str(connection.execute(text("SELECT version_num FROM things_version")).scalar_one())


async def test_what_is_missing_is_done_once_whoever_comes_first(url: URL, tmp_path: Path) -> None:
    async with Database(url, home(tmp_path)) as database:
        await database.write(partial(add, "three"))
    newer = home(tmp_path / "newer", COLOUR, LABELS)
    databases = [Database(url, newer, patience_s=20) for _ in range(5)]
    try:
        await asyncio.gather(*(database.__aenter__() for database in databases))
        for database in databases:
            assert await database.read(count) == 3
            assert await database.read(columns) == {"id", "name", "colour"}
            assert await database.read(revision) == "3"
    finally:
        await asyncio.gather(*(database.__aexit__(None, None, None) for database in databases))


async def test_one_that_fails_half_way_leaves_the_old_schema_whole_and_says_so(
    url: URL, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with Database(url, home(tmp_path)) as old:
        async with Database(url, home(tmp_path / "newer", f"{COLOUR}\n{BREAK}")) as database:
            for ask in (database.read(count), database.check(), database.write(partial(add, "three"))):
                with pytest.raises(MigrationFailed, match="could not be brought up to date"):
                    await ask
        assert len([record for record in caplog.records if record.exc_info]) == 1, "its log has it once"
        assert await old.read(columns) == {"id", "name"}
        assert await old.read(revision) == "1"
        await old.write(partial(add, "three"))
    async with Database(url, home(tmp_path / "mended", COLOUR)) as database:
        assert await database.read(columns) == {"id", "name", "colour"}
        assert await database.read(count) == 3


async def test_an_instance_goes_on_beside_the_next_schema_and_not_beside_the_one_after(
    url: URL, tmp_path: Path
) -> None:
    async with Database(url, home(tmp_path)) as old:
        async with Database(url, home(tmp_path / "next", COLOUR)):
            await old.write(partial(add, "three"))
            assert await old.read(count) == 3
        async with Database(url, home(tmp_path)) as restarted:
            await restarted.write(partial(add, "four"))
        async with Database(url, home(tmp_path / "after", COLOUR, LABELS)) as new:
            assert await new.read(count) == 4
        async with Database(url, home(tmp_path)) as restarted:
            with pytest.raises(Problem, match="is at revision 3, and this instance knows 1"):
                await restarted.check()


async def test_no_id_is_given_again_after_a_table_was_made_anew_or_filled_with_ids(url: URL, tmp_path: Path) -> None:
    def next_id(connection: Connection) -> int:
        return int(connection.execute(insert(THINGS).values(name="next").returning(THINGS.c.id)).scalar_one())

    async with Database(url, home(tmp_path)) as database:
        await database.write(partial(add, "three"))
        await database.write(lambda connection: connection.execute(delete(THINGS).where(THINGS.c.name == "three")))
    async with Database(url, home(tmp_path / "anew", ANEW)) as database:
        assert await database.read(columns) == {"id", "name"}
        assert await database.write(next_id) == 4
    async with Database(
        url, home(tmp_path / "filled", ANEW, "op.execute(\"INSERT INTO things VALUES (90, 'x')\")")
    ) as database:
        await database.write(lambda connection: connection.execute(delete(THINGS).where(THINGS.c.name == "next")))
        assert await database.write(next_id) == 91


@pytest.mark.parametrize(("service", "table"), [("ports", PORTS), ("laptops", LAPTOPS), ("recommendations", LOOKS)])
async def test_a_database_from_before_there_were_revisions_is_taken_over(
    url: URL, service: str, table: Table, tmp_path: Path
) -> None:
    first = tmp_path / service / "migrations"
    first.mkdir(parents=True)
    for script in (SERVICES / service / "migrations").glob("v1_*.py"):
        shutil.copy(script, first)

    def make(connection: Connection) -> None:
        connection.execute(text(f"DROP TABLE {service}_version"))
        connection.execute(delete(table))

    def rows(connection: Connection) -> int:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()

    async with Database(url, first.parent) as database:
        assert await database.read(rows) >= 10
        await database.write(make)
    async with Database(url, SERVICES / service) as database:
        assert await database.read(rows) == 0


@pytest.mark.parametrize("service", [each.parent.name for each in SERVICES.glob("*/migrations")])
def test_the_revisions_of_a_service_are_counted(service: str) -> None:
    names = sorted(path.name for path in (SERVICES / service / "migrations").glob("v*.py"))

    for number, name in enumerate(names, start=1):
        assert name.startswith(f"v{number}_")
    # What an instance reads of a name is what Alembic reads inside.
    folder = str(SERVICES / service / "migrations")
    assert ScriptDirectory(folder, version_locations=[folder]).get_heads() == [str(len(names))]


_START = """
import asyncio, sys
from pathlib import Path
from sqlalchemy.engine import make_url
from services.kit.data.database import Database

async def start():
    async with Database(make_url(sys.argv[1]), Path(sys.argv[2])) as database:
        await database.check()

asyncio.run(start())
print("alembic" in sys.modules)
"""


async def test_an_instance_that_finds_its_schema_in_place_does_not_even_import_what_would_change_it(
    url: URL, tmp_path: Path
) -> None:
    service = home(tmp_path, COLOUR)
    words = [sys.executable, "-c", _START, url.render_as_string(hide_password=False), str(service)]
    first, second = [
        await asyncio.to_thread(subprocess.run, words, capture_output=True, text=True, check=True, cwd=SERVICES.parent)
        for _ in range(2)
    ]
    assert (first.stdout, second.stdout) == ("True\n", "False\n")
