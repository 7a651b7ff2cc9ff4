"""Fixtures for the tests of the services: things that are not entered yet, since lifetimes belong to the tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.engine import URL

import discovery
from services.kit.storage import file_url


@pytest.fixture
def registry() -> discovery.StaticRegistry:
    """A registry in which nobody is."""
    return discovery.StaticRegistry()


@pytest.fixture
def ports_url(tmp_path: Path) -> URL:
    """Where the ports service keeps its data."""
    return file_url(tmp_path / "ports.db")


@pytest.fixture
def laptops_url(tmp_path: Path) -> URL:
    """Where the laptops service keeps its data."""
    return file_url(tmp_path / "laptops.db")
