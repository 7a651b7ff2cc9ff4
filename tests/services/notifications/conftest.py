"""Where notifications are kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.engine import URL

from services.kit.data.database import file_url
from tests.postgresql.both import BOTH, place
from tests.services.issuer import IssuerDouble


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> URL:
    return place(request, tmp_path, "notifications")


@pytest.fixture
def file(tmp_path: Path) -> URL:
    """For the many: the database is not what they are about."""
    return file_url(tmp_path / "notifications.db")


@pytest.fixture
def issuer() -> IssuerDouble:
    return IssuerDouble()
