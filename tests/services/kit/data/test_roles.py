from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from services.kit.data.database import Database
from services.kit.data.faults import Refused
from services.kit.data.roles import make
from tests.postgresql.server import PostgreSQLServer, connected
from tests.services.kit.data.things import add, count, home

pytestmark = pytest.mark.postgresql
ROOT = Path(__file__).parents[4]


@pytest.fixture
def names(postgresql: PostgreSQLServer, worker_id: str) -> Iterator[tuple[str, str]]:
    """Two services; roles belong to the whole server, so each worker has its own."""
    names = f"things-{worker_id}", f"others-{worker_id}"
    yield names
    for name in names:
        postgresql.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', f'DROP ROLE IF EXISTS "{name}"')


async def test_a_role_does_all_that_its_service_does_and_no_other_role_comes_in(
    postgresql: PostgreSQLServer, names: tuple[str, str], tmp_path: Path
) -> None:
    mine, other = [await make(postgresql.url, name) for name in names]
    async with Database(mine, home(tmp_path)) as database:
        await database.write(partial(add, "three"))
        assert await database.read(count) == 3
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connected(other.set(database=mine.database))
    connection = await connected(other)
    try:
        for statement in ("SELECT * FROM things", f'GRANT ALL ON DATABASE "{mine.database}" TO "{other.username}"'):
            with pytest.raises((asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError)):
                await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize(
    "statement", ["CREATE ROLE one", "CREATE DATABASE one", "SET ROLE postgres", "COPY (SELECT 1) TO PROGRAM 'true'"]
)
async def test_a_role_may_do_nothing_beside_its_database(
    postgresql: PostgreSQLServer, names: tuple[str, str], statement: str
) -> None:
    connection = await connected(await make(postgresql.url, names[0]))
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    finally:
        await connection.close()


async def test_a_role_that_is_there_gets_a_new_password_and_keeps_its_data(
    postgresql: PostgreSQLServer, names: tuple[str, str], tmp_path: Path
) -> None:
    before = await make(postgresql.url, names[0])
    async with Database(before, home(tmp_path)) as database:
        await database.write(partial(add, "three"))
    after = await make(postgresql.url, names[0])
    with pytest.raises(asyncpg.InvalidPasswordError):
        await connected(before)
    async with Database(after, home(tmp_path)) as database:
        assert await database.read(count) == 3


async def test_what_is_no_name_is_refused(postgresql: PostgreSQLServer) -> None:
    for name in ('ports"; DROP DATABASE postgres; --', "", "Ports", "x" * 50):
        with pytest.raises(Refused):
            await make(postgresql.url, name)


def run(url: str, *services: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "services.kit.data.roles", *services]
    environ = {**os.environ, "DATABASE_URL": url}
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False)


def test_the_command_prints_what_each_service_is_to_be_told(
    postgresql: PostgreSQLServer, names: tuple[str, str]
) -> None:
    done = run(postgresql.url.render_as_string(hide_password=False), *names)

    assert done.returncode == 0, done.stderr
    for line, name in zip(done.stdout.splitlines(), names, strict=True):
        service, _, url = line.partition(": DATABASE_URL=")
        assert (service, make_url(url).username, make_url(url).database) == (name, name, name)


@pytest.mark.parametrize("url", ["sqlite:////tmp/x.db", "postgresql://nobody:s3cret@127.0.0.1:9/x", "s3cret nonsense"])
def test_a_url_that_leads_nowhere_is_told_without_a_traceback_or_a_secret(url: str) -> None:
    done = run(url, "things")

    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "s3cret" not in done.stderr
