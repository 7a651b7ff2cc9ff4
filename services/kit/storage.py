"""Where a service keeps its data: a file of its own, shared by all its instances on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

import discovery

_DRIVER = "sqlite+aiosqlite"


def database_url(service: str, environ: Mapping[str, str]) -> URL:
    """``DATABASE_URL``, or else ``<service>.db`` in ``MESH_DATA``, or else in the user's state directory.

    Raises:
        ConfigError: when ``DATABASE_URL`` does not name an SQLite database.
    """
    if raw := environ.get("DATABASE_URL", "").strip():
        try:
            url = make_url(raw)
        except (ArgumentError, ValueError):
            raise discovery.ConfigError("DATABASE_URL is not a URL: expected sqlite:////path/to/file.db") from None
        if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
            raise discovery.ConfigError("DATABASE_URL must name an SQLite file: sqlite:////path/to/file.db")
        return url.set(drivername=_DRIVER)
    return file_url(discovery.state_directory(environ) / f"{service}.db")


def file_url(path: Path) -> URL:
    """The URL of a database file."""
    return URL.create(_DRIVER, database=str(path))
