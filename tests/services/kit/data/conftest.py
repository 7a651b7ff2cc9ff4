"""Where things are kept: every test that asks for the URL is for both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.engine import URL

from services.kit.data.database import Database
from tests.postgresql.both import BOTH, place
from tests.services.kit.data.things import home


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> URL:
    return place(request, tmp_path / "state", "things")


@pytest.fixture
def database(url: URL, tmp_path: Path) -> Database:
    return Database(url, home(tmp_path))
