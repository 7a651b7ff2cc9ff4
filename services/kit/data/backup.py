"""A copy of all that a service keeps, in one file, and back again.

A restored one is brought up to date. What is not whole, of another service, or of a schema that this code does not
know yet is refused, and the data stays as it is.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import tempfile
from contextlib import closing
from itertools import count
from pathlib import Path

from sqlalchemy.engine import URL

from services.kit.data import postgresql_copy
from services.kit.data.database import Database, file_url
from services.kit.data.faults import Refused
from services.kit.data.migrations import Migrations
from services.kit.data.sqlite_file import make_file

# How often it asks for its turn where somebody else writes, and how long it waits in between.
_ASKED = 200
_PAUSE_S = 0.05


def backup(url: URL, home: Path, file: Path) -> None:
    """Copy the data of the service in *home* to *file*, which appears when it is whole, and is ours alone to read.

    Raises:
        Refused: when there is nothing to copy, or *file* is there.
    """
    if file.exists():
        raise Refused(f"{file} is there already: name another file")
    half = file.with_name(f"{file.name}.half")
    try:
        half.touch(mode=0o600)
        if url.get_backend_name() == "sqlite":
            source = Path(url.database or "")
            if not source.exists():
                raise Refused(f"{source} is not there: there is no data yet")
            with _opened(source, "mode=ro") as data:
                data.execute("VACUUM INTO ?", (str(half),))
        else:
            postgresql_copy.dump(url, half)
        _check(url, home, half)
        half.rename(file)
    except (OSError, sqlite3.Error) as error:
        raise Refused(f"the data cannot be copied to {file}: {error}") from None
    finally:
        half.unlink(missing_ok=True)


def restore(url: URL, home: Path, file: Path) -> None:
    """Put what is in *file* in the place of the data of the service in *home*, at once, while it may be in use.

    Raises:
        Refused: when *file* is no such copy, or the data cannot be replaced.
        Problem: when the copy cannot be brought up to date.
    """
    try:
        _check(url, home, file)
        if url.get_backend_name() == "sqlite":
            _replace(Path(url.database or ""), home, file)
        else:
            postgresql_copy.load(url, file)
            asyncio.run(_update(url, home))
    except (OSError, sqlite3.Error) as error:
        raise Refused(f"{file} cannot be restored: {error}") from None


def _check(url: URL, home: Path, file: Path) -> None:
    """Refuse a copy that is not whole, or that a service of this name and revision cannot have made."""
    migrations = Migrations(home)
    if url.get_backend_name() == "sqlite":
        revision = _revision(file, migrations.table)
    else:
        revision = postgresql_copy.revision(url, file, migrations.table)
    if revision is None:
        raise Refused(f"{file} is no copy of the data of {migrations.service}")
    if revision > migrations.newest:
        raise Refused(
            f"{file} is of revision {revision}, and this is {migrations.service} of revision {migrations.newest}:"
            " restore it with a newer version of the service"
        )


def _revision(file: Path, table: str) -> int | None:
    # Nobody writes there, and it may come from a disk that can only be read.
    with _opened(file, "immutable=1") as copy:
        try:
            whole = copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            known = copy.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
        except sqlite3.DatabaseError:
            whole, known = False, None
        if not whole:
            raise Refused(f"{file} is no SQLite database, or not a whole one")
        return int(copy.execute(f"SELECT version_num FROM {table}").fetchone()[0]) if known else None  # noqa: S608


def _opened(file: Path, how: str) -> closing[sqlite3.Connection]:
    return closing(sqlite3.connect(f"{file.absolute().as_uri()}?{how}", uri=True))


def _replace(target: Path, home: Path, file: Path) -> None:
    try:
        make_file(target)
        with tempfile.TemporaryDirectory(prefix=f"{target.name}-", dir=target.parent) as folder:
            updated = Path(folder) / "updated.db"
            shutil.copyfile(file, updated)
            asyncio.run(_update(file_url(updated), home))
            _copy(updated, target)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        raise Refused(f"{target} is damaged: end the service, move that file away, and restore again") from None


async def _update(url: URL, home: Path) -> None:
    async with Database(url, home) as database:
        await database.check()


def _copy(source: Path, target: Path) -> None:
    """All of it, of one moment, in one transaction: whoever uses the target sees all of it, or nothing."""
    asked = count()

    def wait(*_: int) -> None:
        if next(asked) > _ASKED:
            raise sqlite3.OperationalError(f"somebody else writes to {target} without end")

    with _opened(source, "mode=ro") as origin, closing(sqlite3.connect(target)) as copy:
        origin.backup(copy, progress=wait, sleep=_PAUSE_S)
