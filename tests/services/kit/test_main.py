"""A service that cannot start says why, all of it, in a sentence each."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from launcher.plan import SYSTEM, module_of

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("name", SYSTEM)
def test_settings_that_make_no_sense_are_told_at_once_and_without_a_traceback(name: str) -> None:
    wrong = {"MESH_PORT": "http", "MESH_TIMEOUT_S": "-1", "MESH_FAULTS": "perhaps", "CONSUL_HTTP_ADDR": "::::"}

    ended = subprocess.run(
        [sys.executable, "-m", module_of(name)],
        env={**os.environ, **wrong},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert ended.returncode == 2
    lines = ended.stderr.splitlines()
    assert len(lines) == 4
    assert all(line.startswith(f"{name}: ") for line in lines)
    assert [v for v in ("MESH_PORT", "timeout_s", "MESH_FAULTS", "CONSUL_HTTP_ADDR") if v not in ended.stderr] == []
