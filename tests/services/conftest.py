"""Fixtures for the tests of the services: things that are not entered yet, since lifetimes belong to the tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy.engine import URL, make_url

import discovery
from benchmarks.chaos.rabbitmq import Broker
from services.kit.data.database import file_url
from services.recommendations import app as recommendations
from tests.conftest import COMPONENTS
from tests.postgresql.server import PostgreSQLServer
from tests.rabbitmq.server import RabbitMQServer
from tests.shared_server import run_of, shared


@pytest.fixture(scope="session")
def postgresql(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Iterator[PostgreSQLServer]:
    """A real server. Only tests with the marker ``postgresql`` may ask for it."""
    program = next(one.program for one in pytestconfig.stash[COMPONENTS] if one.name == "postgresql")
    assert program is not None, "the marker is missing"
    run = run_of(tmp_path_factory, worker_id)
    with shared(run, "postgresql", "tests.postgresql.serve", program.parent) as url:
        server = PostgreSQLServer(make_url(url), worker_id)
        server.execute("SELECT 'it is up'")
        yield server


@pytest.fixture(scope="session")
def rabbitmq(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Iterator[RabbitMQServer]:
    """A real broker. Only tests with the marker ``rabbitmq`` may ask for it."""
    program = next(one.program for one in pytestconfig.stash[COMPONENTS] if one.name == "rabbitmq")
    assert program is not None, "the marker is missing"
    with shared(run_of(tmp_path_factory, worker_id), "rabbitmq", "tests.rabbitmq.serve", program.parent) as urls:
        yield RabbitMQServer.found(urls, worker_id)


@pytest.fixture
def own_broker(pytestconfig: pytest.Config) -> Iterator[Broker]:
    """A real broker of a test alone, which may stop and start it. It runs."""
    program = next(one.program for one in pytestconfig.stash[COMPONENTS] if one.name == "rabbitmq")
    assert program is not None, "the marker is missing"
    with TemporaryDirectory(prefix="proconsul-rabbitmq-") as folder:
        broker = Broker(Path(folder), program.parent)
        try:
            broker.start()
            yield broker
        finally:
            broker.kill()


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


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long this machine takes to read the laptops for the first time, who asks for recommendations waits."""
    monkeypatch.setattr(recommendations, "_PATIENCE_S", 60.0)
