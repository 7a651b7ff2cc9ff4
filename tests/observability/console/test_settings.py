from __future__ import annotations

from pathlib import Path

import pytest

import discovery
from observability.console.settings import ConsoleSettings


def test_data_is_where_services_keep_theirs_and_stays_three_days() -> None:
    settings = ConsoleSettings.from_env({"MESH_DATA": "/data"})
    assert settings == ConsoleSettings(path=Path("/data/console.db"), keep_hours=72, keep_bytes=512 * 2**20)
    assert ConsoleSettings.from_env({"XDG_STATE_HOME": "/state"}).path == Path("/state/proconsul/console.db")


def test_how_much_is_kept_can_be_told() -> None:
    settings = ConsoleSettings.from_env(
        {"MESH_DATA": "/data", "MESH_CONSOLE_KEEP_HOURS": "1.5", "MESH_CONSOLE_KEEP_MB": "16"}
    )
    assert (settings.keep_hours, settings.keep_bytes) == (1.5, 16 * 2**20)


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "much"])
def test_all_that_makes_no_sense_is_told_at_once(value: str) -> None:
    with pytest.raises(discovery.ConfigError) as caught:
        ConsoleSettings.from_env({"MESH_CONSOLE_KEEP_HOURS": value, "MESH_CONSOLE_KEEP_MB": value})
    hours, megabytes = caught.value.problems
    assert hours == f"MESH_CONSOLE_KEEP_HOURS={value!r}: expected a number of hours, at least 1"
    assert megabytes == f"MESH_CONSOLE_KEEP_MB={value!r}: expected a number of megabytes, at least 16"
