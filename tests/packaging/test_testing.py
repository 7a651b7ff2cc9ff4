"""The fixtures in a project of their user: with the oldest and the newest of what they require, and with neither."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.packaging.building import ROOT
from tests.packaging.environment import Environment
from tests.packaging.test_versions import PROJECT, lowest

REQUIRED = PROJECT["optional-dependencies"]["testing"]

BESIDE_ANOTHER = """
from aiohttp import web


async def test_both_clients(aiohttp_client, mesh_client):
    for client in (await aiohttp_client(web.Application()), await mesh_client(web.Application())):
        async with client.get("/") as response:
            assert response.status == 404
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose tests are the recipes of the documentation."""
    folder = tmp_path / "project"
    folder.mkdir()
    text = (ROOT / "docs/testing.md").read_text(encoding="utf-8")
    for number, code in enumerate(re.findall(r"```python\n(.*?)```", text, re.DOTALL)):
        (folder / f"test_recipe_{number}.py").write_text(code, encoding="utf-8")
    ini = "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\nfilterwarnings = error\n"
    (folder / "pytest.ini").write_text(ini, encoding="utf-8")
    return folder


@pytest.mark.parametrize("end", ["oldest", "newest"])
def test_the_recipes_pass(wheel: Path, project: Path, tmp_path: Path, end: str) -> None:
    environment = Environment.empty(tmp_path / "venv")
    if end == "oldest":
        environment.install(wheel, "[testing]", lowest(REQUIRED))
    else:
        environment.install(wheel, "[testing]", [], also=["pytest-aiohttp"])
        (project / "test_beside.py").write_text(BESIDE_ANOTHER, encoding="utf-8")
    said = environment.run("python", "-m", "pytest", "-q", cwd=project)

    assert said.returncode == 0, said.stdout
    assert re.search(r"^\d\d passed", said.stdout, re.MULTILINE)
    assert said.stderr == ""


@pytest.mark.parametrize("alone", ["pytest", "pytest==7.0.0"])
def test_with_pytest_alone_a_fixture_says_what_to_install(wheel: Path, tmp_path: Path, alone: str) -> None:
    environment = Environment.empty(tmp_path / "venv")
    environment.install(wheel, pins=[], also=[alone])
    (tmp_path / "test_it.py").write_text("def test_it(mesh_agent): pass\n\ndef test_other(): pass\n", encoding="utf-8")
    said = environment.run("python", "-m", "pytest", "-q", "-W", "error", "test_it.py", cwd=tmp_path)

    assert "the fixture mesh_agent needs pytest-asyncio" in said.stdout
    assert "pip install 'proconsul[testing]'" in said.stdout
    assert "1 passed, 1 error" in said.stdout
