from __future__ import annotations

from pathlib import Path

import pytest

import discovery
from services.kit.data.database import database_url


@pytest.mark.parametrize("url", ["sqlite:////data/all.db", "postgresql://ports:s3cret@db:5433/ports"])
def test_a_database_url_is_taken_at_its_word(url: str) -> None:
    taken = database_url("ports", {"DATABASE_URL": url, "MESH_DATA": "/elsewhere"})

    assert taken.render_as_string(hide_password=False) == url


@pytest.mark.parametrize("driver", ["postgresql+asyncpg", "postgresql+psycopg"])
def test_the_driver_is_our_affair(driver: str) -> None:
    assert database_url("ports", {"DATABASE_URL": f"{driver}://db/ports"}).drivername == "postgresql"


@pytest.mark.parametrize(
    ("environ", "file"),
    [
        ({"MESH_DATA": "/data", "XDG_STATE_HOME": "/state"}, "/data/ports.db"),
        ({"XDG_STATE_HOME": "/state"}, "/state/proconsul/ports.db"),
        ({}, str(Path("~/.local/state/proconsul/ports.db").expanduser())),
    ],
)
def test_without_one_each_service_has_a_file_of_its_own(environ: dict[str, str], file: str) -> None:
    assert database_url("ports", environ).database == file


@pytest.mark.parametrize(
    "url", ["mysql://u:s3cret@db/x", "postgresql://u:s3cret@db", "sqlite://", "sqlite:///:memory:", "s3cret nonsense"]
)
def test_a_url_that_cannot_be_used_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(discovery.ConfigError) as refusal:
        database_url("ports", {"DATABASE_URL": url})

    assert "s3cret" not in str(refusal.value)
    assert "sqlite:////path/to/file.db" in str(refusal.value)
