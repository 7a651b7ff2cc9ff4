"""The lock beside the database: who has it, who waits for it, and where there can be none."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

import discovery
from observability.console.store.alone import alone


def test_a_second_one_is_refused_and_a_next_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "new" / "console.db"
    with alone(path), pytest.raises(discovery.ConfigError, match="name another folder in MESH_DATA"), alone(path):
        pytest.fail("there were two")
    with alone(path):
        assert not path.exists()


def test_whoever_is_about_to_end_is_waited_for(tmp_path: Path) -> None:
    path, pauses = tmp_path / "console.db", list[float]()
    with ExitStack() as predecessor:
        predecessor.enter_context(alone(path))

        def pause(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 3:
                predecessor.close()

        with alone(path, 5.0, pause):
            assert len(pauses) == 3


def test_whoever_does_not_end_is_waited_for_no_longer_than_that(tmp_path: Path) -> None:
    path, pauses = tmp_path / "console.db", list[float]()
    with alone(path), pytest.raises(discovery.ConfigError), alone(path, 1.0, pauses.append):
        pytest.fail("there were two")
    assert sum(pauses) == pytest.approx(1.0, abs=0.11)


def test_where_no_file_can_be_there_is_no_lock_and_nobody_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "console.db", tmp_path / "file" / "below" / "console.db"):
        with alone(path), alone(path):
            pass
