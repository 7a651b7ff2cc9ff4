"""A test that needs a real component is skipped without it, unless it is required."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TEST = """
import os
import pytest

@pytest.mark.{marker}
def test_real():
    assert "MESH_PORT" not in os.environ
    assert "OTEL_SERVICE_NAME" not in os.environ

def test_other():
    pass
"""


def run(folder: Path, marker: str = "consul", **environ: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_it.py").write_text(TEST.format(marker=marker))
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "--rootdir", folder, folder / "test_it.py"],
        env={"PATH": "", "HOME": str(folder), **environ},
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def consul(tmp_path: Path) -> Path:
    path = tmp_path / "consul"
    path.write_text("#!/bin/sh\necho Consul v1.19.2\necho Revision x\n")
    path.chmod(0o755)
    return path


def test_the_end_says_which_component_took_part(tmp_path: Path, consul: Path) -> None:
    result = run(tmp_path, CONSUL_BIN=str(consul), MESH_PORT="5", OTEL_SERVICE_NAME="mine")
    assert result.returncode == 0, result.stdout
    assert f"consul: Consul v1.19.2 at {consul}; tests: 1" in result.stdout


def test_a_missing_component_is_told_and_its_tests_are_skipped(tmp_path: Path) -> None:
    result = run(tmp_path, "consul_1_8")
    assert result.returncode == 0
    assert "1 passed, 1 skipped" in result.stdout
    assert "consul-1.8: missing: name one in CONSUL_1_8_BIN; tests: 1" in result.stdout


def test_a_required_component_that_is_missing_is_a_failure(tmp_path: Path) -> None:
    result = run(tmp_path, "consul_1_8", MESH_REQUIRE="consul-1.8")
    assert result.returncode == 1
    assert "consul-1.8 is required, and missing" in result.stdout


def test_an_unknown_requirement_is_told(tmp_path: Path) -> None:
    result = run(tmp_path, MESH_REQUIRE="consul,zookeeper")
    assert result.returncode == 4
    assert "MESH_REQUIRE names zookeeper, which no test knows" in result.stderr
