"""Where things are kept: every test that asks for the URL is for both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.engine import URL

from services.kit.data.database import Database, file_url
from tests.services.kit.data.things import home


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> URL:
    if request.param == "sqlite":
        return file_url(tmp_path / "state" / "things.db")
    there: URL = request.getfixturevalue("postgresql").database("things")
    return there


@pytest.fixture
def database(url: URL, tmp_path: Path) -> Database:
    return Database(url, home(tmp_path))
