"""Where the shop keeps what it keeps, and patience."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.engine import URL

from services.kit.data.database import Database, file_url
from services.marketplace.rendering import HOME
from tests.services.marketplace.patience import patient


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    patient(monkeypatch)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> URL:
    """Where the shop keeps what it keeps: every test that asks for it is for both databases."""
    if request.param == "sqlite":
        return file_url(tmp_path / "marketplace.db")
    there: URL = request.getfixturevalue("postgresql").database("marketplace")
    return there


@pytest.fixture
async def database(url: URL) -> AsyncIterator[Database]:
    async with Database(url, HOME) as database:
        yield database
