"""Where things are kept: every test that asks for the URL is for both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.engine import URL

from tests.postgresql.both import BOTH, place


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> URL:
    return place(request, tmp_path / "state", "things")
