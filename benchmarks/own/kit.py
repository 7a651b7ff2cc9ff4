"""Tests of a project of one's own, by the test kit: medians of what pytest says of each, fixtures included."""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree as ET

from launcher.development import CannotRun, Row

_TIMES, _QUICK_TIMES = 21, 5
_TEST_MS, _PLUGIN_MS = 300.0, 30.0

_INI = """
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
"""

_TESTS = """
import pytest


@pytest.mark.parametrize("time", range({times}))
async def test_two_services(time, mesh_agent, mesh, mesh_service):
    ports = await mesh_service("ports", {{"/ports": [{{"id": 1}}]}})
    laptops = await mesh_service("laptops", {{"/laptops": []}})
    for url in ("http://ports/ports", "http://laptops/laptops"):
        async with mesh.get(url) as response:
            assert response.status == 200
    assert (len(ports.requests), len(laptops.requests)) == (1, 1)
"""

# What the plugin does in a run that does not use it; what pytest and asyncio load they load anyway.
_LOADED = """
import time
import pytest, pytest_asyncio
began = time.process_time()
import discovery.testing.plugin, discovery.testing.fixtures
print(1000 * (time.process_time() - began))
"""


async def rows(*, quick: bool) -> Sequence[Row]:
    """Run pytest once on many of the same test, and Python some times on what the plugin loads."""
    times = _QUICK_TIMES if quick else _TIMES
    with TemporaryDirectory() as folder:
        first, *others = await asyncio.to_thread(_durations_ms, Path(folder), times + 1)
        loads = [float(await asyncio.to_thread(_said, Path(folder), "-c", _LOADED)) for _ in range(times)]
    return [
        _row("a test with an agent, a mesh and two services", statistics.median(others), _TEST_MS),
        Row("the first such test of a run, which loads the library", round(first, 1), "ms"),
        _row("the plugin, in a run that does not use it", statistics.median(loads), _PLUGIN_MS),
    ]


def _row(what: str, ms: float, goal_ms: float) -> Row:
    return Row(what, round(ms, 1), "ms", f"<= {goal_ms:g} ms", ms <= goal_ms)


def _durations_ms(folder: Path, times: int) -> list[float]:
    (folder / "pytest.ini").write_text(_INI, encoding="utf-8")
    (folder / "test_it.py").write_text(_TESTS.format(times=times), encoding="utf-8")
    _said(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml=told.xml")
    cases = ET.parse(folder / "told.xml").iter("testcase")  # noqa: S314 - ours, written a moment ago
    return [1000 * float(case.attrib["time"]) for case in cases]


def _said(folder: Path, *words: str) -> str:
    environ = {name: each for name, each in os.environ.items() if not name.startswith(("MESH_", "CONSUL_", "PYTEST"))}
    argv = [sys.executable, "-P", *words]
    done = subprocess.run(argv, cwd=folder, env=environ, capture_output=True, text=True, check=False)  # noqa: S603 - ourselves
    if done.returncode:
        raise CannotRun((done.stdout + done.stderr)[-800:])
    return done.stdout
