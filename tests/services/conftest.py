"""Fixtures for the tests of the services: things that are not entered yet, since lifetimes belong to the tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import URL

import discovery
from services.kit.data.database import file_url
from tests.conftest import COMPONENTS
from tests.postgresql.server import PostgreSQLServer, shared


@pytest.fixture(scope="session")
def postgresql(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Iterator[PostgreSQLServer]:
    """A real server. Only tests with the marker ``postgresql`` may ask for it."""
    program = next(one.program for one in pytestconfig.stash[COMPONENTS] if one.name == "postgresql")
    assert program is not None, "the marker is missing"
    # The workers of a run have their folders in a common one.
    alone = worker_id == "master"
    run = tmp_path_factory.getbasetemp() if alone else tmp_path_factory.getbasetemp().parent
    with shared(run, program.parent, worker_id) as server:
        yield server


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
