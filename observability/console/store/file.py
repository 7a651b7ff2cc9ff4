"""One SQLite file of the console that is open: a connection that writes, and some that read."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Condition
from typing import TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.schema import CreateIndex, CreateTable

from observability.console.store.schema import METADATA


def _statements() -> Iterator[bytes]:
    """What makes the tables."""
    for table in METADATA.sorted_tables:
        yield str(CreateTable(table)).encode()
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            yield str(CreateIndex(index)).encode()


# Tells our tables from those of another version of the console; SQLite keeps such a number, and begins with 0.
_VERSION = zlib.crc32(b"".join(_statements())) >> 1

# Nobody else writes here but a person with a tool of their own.
_BUSY_S = 1.0

# After the machine went down, the latest commits may be gone, but none is there by half; only a checkpoint waits for
# the disk. Emptied pages can be handed back in small pieces, which has to be said before anything is in the file.
_WRITER = (
    "PRAGMA auto_vacuum=INCREMENTAL",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=NORMAL",
    "PRAGMA journal_size_limit=4194304",
    "PRAGMA cache_size=-16384",
)
_READER = ("PRAGMA query_only=ON", "PRAGMA cache_size=-4096")

_BROKEN = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

T = TypeVar("T")


class Broken(Exception):
    """The file is of no use to us: it is damaged, or has other tables."""


class File:
    """The connections are made when they are first used, by whatever thread; *readers* may read at once."""

    def __init__(self, path: Path, readers: int) -> None:
        self._writing = _engine(path, 1, _WRITER)
        self._reading = _engine(path, readers, _READER)
        self._path = path
        self._identity = (0, 0)
        self._turnstile = Condition()
        self._inside = 0
        self._closed = False

    def prepare(self) -> None:
        """Create the tables of a new file.

        Raises:
            Broken: when this file cannot be used.
        """
        if self.write(_create) != _VERSION:
            raise Broken("its tables are not those of this version")
        self._identity = self._found()

    def is_there(self) -> bool:
        """Whether the file that is open is still the one at its path."""
        return self._found() == self._identity

    def checkpoint(self) -> None:
        """Move the whole log into the database, and make it empty; readers are not waited for for long."""
        with self._open_for_writing() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").close()

    def read(self, ask: Callable[[Connection], T]) -> T:
        """Ask within one transaction that cannot write."""
        with self._entered(), _judged(), self._reading.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            return ask(connection)

    def write(self, change: Callable[[Connection], T]) -> T:
        """Change within one transaction. If it fails, what its connection was told to keep in ``info`` goes, too."""
        with self._open_for_writing() as connection:
            try:
                with connection.begin():
                    # At once for writing: Python's driver begins too late, at the first change.
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                    return change(connection)
            except BaseException:
                connection.info.clear()
                raise

    def close(self) -> None:
        """Close what is open, once nobody reads any more; whoever comes later is told that it is broken.

        SQLite finds its log by the name of the file: a connection that is open, or just being opened, while the name
        passes to another database would mix up the two.
        """
        with self._turnstile:
            self._closed = True
            self._turnstile.wait_for(lambda: not self._inside)
        self._reading.dispose()
        self._writing.dispose()

    @contextmanager
    def _open_for_writing(self) -> Iterator[Connection]:
        # It is closed in the thread that writes, so it stays as it is while the block lasts.
        if self._closed:
            raise Broken("it was closed")
        with _judged(), self._writing.connect() as connection:
            yield connection

    def _found(self) -> tuple[int, int]:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return 0, 0
        return found.st_dev, found.st_ino

    @contextmanager
    def _entered(self) -> Iterator[None]:
        with self._turnstile:
            if self._closed:
                raise Broken("it was closed")
            self._inside += 1
        try:
            yield
        finally:
            with self._turnstile:
                self._inside -= 1
                self._turnstile.notify_all()


def _create(connection: Connection) -> int:
    """Returns the version of the tables that are there now."""
    version = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
    if version or connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one():
        return version
    METADATA.create_all(connection)
    connection.exec_driver_sql(f"PRAGMA user_version={_VERSION}")
    return _VERSION


def _engine(path: Path, connections: int, pragmas: tuple[str, ...]) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        pool_size=connections,
        max_overflow=0,
        hide_parameters=True,  # what a sender sent has no place in an error
        connect_args={"timeout": _BUSY_S},
    )

    def connected(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
        for pragma in pragmas:
            connection.execute(pragma)

    event.listen(engine, "connect", connected)
    return engine


@contextmanager
def _judged() -> Iterator[None]:
    """Tell a damaged file from all that may be wrong otherwise."""
    try:
        yield
    except DatabaseError as error:
        if code(error) in _BROKEN:
            raise Broken(str(error.orig)) from None
        raise


def code(error: DatabaseError) -> int:
    """SQLite's primary result code; the rest of the number is detail."""
    return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF


def is_full(error: DatabaseError) -> bool:
    """Whether the disk has no room; SQLite says it in another way of the index of its log."""
    return getattr(error.orig, "sqlite_errorcode", 0) in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE}
