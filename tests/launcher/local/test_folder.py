"""Running systems are found by their folders, and only they."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
from pathlib import Path

import pytest

from discovery.errors import ConfigError
from launcher.local.folder import State, end_leftovers, find_system, is_over, new_folder, published, running_systems

A = State("a", 1, "http://127.0.0.1:1", "secret")
B = State("b", 2, "http://127.0.0.1:2", "secret")

LINUX = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="only Linux shows a process's environment")


def state_of(folder: Path) -> State:
    return State(folder.name, os.getpid(), "http://127.0.0.1:1", "secret")


def test_a_system_is_found_while_it_says_so_and_lives(tmp_path: Path) -> None:
    with new_folder(tmp_path) as folder:
        assert running_systems(tmp_path) == []
        with published(folder, state := state_of(folder)):
            assert running_systems(tmp_path) == [state]
        assert running_systems(tmp_path) == []
        assert not is_over(state, tmp_path)
    assert is_over(state, tmp_path)


def test_several_run_side_by_side(tmp_path: Path) -> None:
    with (
        new_folder(tmp_path) as one,
        new_folder(tmp_path) as other,
        published(one, state_of(one)),
        published(other, state_of(other)),
    ):
        assert {state.id for state in running_systems(tmp_path)} == {one.name, other.name}


def test_the_token_is_for_its_owner_only(tmp_path: Path) -> None:
    with new_folder(tmp_path / "mesh") as folder, published(folder, state_of(folder)):
        assert stat.S_IMODE((folder / "state.json").stat().st_mode) == 0o600
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_last_logs_stay_until_the_next_start(tmp_path: Path) -> None:
    with new_folder(tmp_path) as old:
        (old / "ports-1.log").touch()
    assert (old / "ports-1.log").exists()
    with new_folder(tmp_path) as new:
        assert (old.exists(), new.exists()) == (False, True)


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "mesh").touch()
    with pytest.raises(ConfigError, match="cannot write in"), new_folder(tmp_path / "mesh"):
        pass


def test_the_only_system_needs_no_name() -> None:
    assert find_system("", [A]) is A
    assert find_system("b", [A, B]) is B


@pytest.mark.parametrize(
    ("system", "states", "sentence"),
    [
        ("", [], "no system is running; `mesh up` starts one"),
        ("a", [], "no system is running"),
        ("c", [A, B], "no system 'c' is running; there is a, b"),
        ("", [A, B], "several systems are running: a, b; choose one by --system ID"),
    ],
)
def test_what_cannot_be_chosen_is_told_with_what_can(system: str, states: list[State], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        find_system(system, states)


@LINUX
def test_what_a_killed_supervisor_left_is_ended_and_nobody_else(tmp_path: Path) -> None:
    with new_folder(tmp_path) as folder:
        ours = subprocess.Popen(["sleep", "60"], env={**os.environ, "MESH_DATA": str(folder)})
        assert end_leftovers(tmp_path) == 0
    with subprocess.Popen(["sleep", "60"], env={**os.environ, "MESH_DATA": f"{folder}x"}) as another:
        assert end_leftovers(tmp_path) == 1
        assert ours.wait() == -signal.SIGTERM
        assert another.poll() is None
        another.kill()


@LINUX
def test_the_next_start_ends_what_a_killed_supervisor_left(tmp_path: Path) -> None:
    with new_folder(tmp_path) as folder:
        ours = subprocess.Popen(["sleep", "60"], env={**os.environ, "MESH_DATA": str(folder)})
    with new_folder(tmp_path):
        assert ours.wait() == -signal.SIGTERM
