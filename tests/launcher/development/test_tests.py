"""A name on the command line is a folder of tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from discovery.errors import ConfigError
from launcher.development.tests import pytest_runs

FOLDERS = ("services/ports", "discovery/policy", "discovery/registry", "architecture", "e2e")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in FOLDERS:
        (tmp_path / "tests" / folder).mkdir(parents=True)
    return tmp_path


def test_without_a_name_all_tests_run_side_by_side_and_the_whole_system_after_them(root: Path) -> None:
    side_by_side, whole = pytest_runs([], ["-x"], root)
    assert side_by_side[0] == "--numprocesses"
    assert side_by_side[-3:] == [f"--ignore={root}/tests/browser", f"--ignore={root}/tests/e2e", "-x"]
    assert whole == [f"{root}/tests/browser", f"{root}/tests/e2e", "-x"]


def test_a_file_for_pytest_is_all_that_runs(root: Path) -> None:
    assert pytest_runs([], ["tests/e2e::test_it", "-x"], root) == [["tests/e2e::test_it", "-x"]]


@pytest.mark.parametrize(
    ("name", "folder"),
    [("ports", "services/ports"), ("policy", "discovery/policy"), ("e2e", "e2e"), ("discovery", "discovery")],
)
def test_a_name_is_a_service_a_room_or_a_folder(root: Path, name: str, folder: str) -> None:
    assert pytest_runs([name], ["-k", "port"], root) == [[str(root / "tests" / folder), "-k", "port"]]


def test_unit_is_what_needs_nothing(root: Path) -> None:
    assert pytest_runs(["unit"], [], root) == [
        [str(root / "tests" / each) for each in ("discovery/policy", "architecture")]
    ]


def test_every_name_without_tests_is_listed_with_those_that_have_some(root: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        pytest_runs(["ports", "port", "../tests"], [], root)
    assert len(caught.value.problems) == 2
    assert caught.value.problems[0] == (
        "there are no tests of 'port'; there are architecture, discovery, e2e, policy, ports, registry, services, unit"
    )
