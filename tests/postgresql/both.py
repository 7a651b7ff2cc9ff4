"""Tests that run on both databases: ``@pytest.fixture(params=BOTH)``, and then ``place`` where the data is."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.engine import URL

from services.kit.data.database import file_url
from tests.postgresql.server import PostgreSQLServer

BOTH = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql))


def place(request: pytest.FixtureRequest, folder: Path, name: str) -> URL:
    """Where the data of *name* is: nothing is there yet."""
    if request.param == "sqlite":
        return file_url(folder / f"{name}.db")
    server: PostgreSQLServer = request.getfixturevalue("postgresql")
    return server.database(name)
