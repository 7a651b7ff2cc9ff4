"""A service that sends and takes events: every test that asks for its database is for both kinds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.engine import URL

from services.kit.data.database import Database
from tests.postgresql.both import BOTH, place
from tests.services.kit.data.things import home
from tests.services.kit.events.happenings import EVENTS


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> URL:
    return place(request, tmp_path / "state", "things")


@pytest.fixture
async def database(url: URL, tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(url, home(tmp_path, EVENTS)) as database:
        yield database
