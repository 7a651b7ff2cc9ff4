"""Where the recommendations service keeps its data."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.engine import URL

from services.kit.data.database import file_url


@pytest.fixture
def url(tmp_path: Path) -> URL:
    """A file that is not there yet."""
    return file_url(tmp_path / "recommendations.db")
