from __future__ import annotations

from pathlib import Path

import pytest

import discovery
from services.kit.storage import database_url


def test_a_database_url_is_taken_at_its_word() -> None:
    url = database_url("ports", {"DATABASE_URL": "sqlite:////data/all.db", "MESH_DATA": "/elsewhere"})

    assert url.render_as_string() == "sqlite+aiosqlite:////data/all.db"


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


@pytest.mark.parametrize("url", ["postgresql://u:s3cret@db/x", "sqlite://", "sqlite:///:memory:", "s3cret nonsense"])
def test_a_url_that_cannot_be_used_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(discovery.ConfigError) as refusal:
        database_url("ports", {"DATABASE_URL": url})

    assert "s3cret" not in str(refusal.value)
    assert "sqlite:////path/to/file.db" in str(refusal.value)
