"""Each service is built, versioned and installed by itself, beside others or alone."""

from __future__ import annotations

import signal
import tomllib
from pathlib import Path

import aiohttp
import pytest
from packaging.requirements import Requirement

from tests.packaging.building import ROOT, build, metadata, wheel_names
from tests.packaging.environment import PATIENCE_S, Environment
from tests.packaging.processes import ending
from tests.services.catalogue import SERVICES
from tests.services.test_start import answer, free_port

PARTS = sorted(path.parent.name for path in (ROOT / "services").glob("*/pyproject.toml"))
# What is read where it stands, and what tells of the wheel.
STAYS = {"README.md", "pyproject.toml", "requirements.lock"}
# Two of them, one with an API and one with files that are no Python.
TOGETHER = ("ports", "marketplace")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {name: build(ROOT / "services" / name, "wheel", tmp_path_factory.mktemp(name)) for name in PARTS}


@pytest.fixture(scope="module")
def environment(wheel: Path, built: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Environment:
    environment = Environment.empty(tmp_path_factory.mktemp("services") / "venv")
    environment.install(wheel, also=[str(built[name]) for name in ("kit", *TOGETHER)])
    return environment


@pytest.mark.parametrize("name", PARTS)
def test_a_wheel_holds_the_whole_folder_of_its_service_and_no_other_file(name: str, built: dict[str, Path]) -> None:
    folder = ROOT / "services" / name
    wanted = {
        f"services/{name}/{path.relative_to(folder)}"
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not (path.parent == folder and path.name in STAYS)
    }
    assert {file for file in wheel_names(built[name]) if ".dist-info/" not in file} == wanted


@pytest.mark.parametrize("name", PARTS)
def test_a_wheel_has_the_version_of_its_own_project_and_asks_for_what_that_names(
    name: str, built: dict[str, Path]
) -> None:
    project = tomllib.loads((ROOT / "services" / name / "pyproject.toml").read_text())["project"]
    said = metadata(built[name])
    assert (said["Name"], said["Version"]) == (project["name"], project["version"])
    always = [each for each in said.get_all("Requires-Dist", []) if "extra ==" not in each]
    assert {Requirement(each).name for each in always} == {Requirement(each).name for each in project["dependencies"]}


def test_a_service_without_data_asks_for_no_database(built: dict[str, Path]) -> None:
    asked = [each for name in ("kit", "gateway") for each in metadata(built[name]).get_all("Requires-Dist", [])]
    always = {Requirement(each).name for each in asked if "extra ==" not in each}
    assert not always & {"aiosqlite", "alembic", "asyncpg", "sqlalchemy"}
    assert not {extra for each in asked for extra in Requirement(each).extras} & {"data", "console"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_with_events_can_go_by_a_broker_and_one_without_brings_no_client_for_it(name: str) -> None:
    project = tomllib.loads((ROOT / "services" / name / "pyproject.toml").read_text())["project"]
    extras = {extra for each in project["dependencies"] for extra in Requirement(each).extras}
    assert ("events" in extras) == bool(SERVICES[name].sends or SERVICES[name].takes)


async def test_services_are_installed_side_by_side_and_each_starts(environment: Environment, tmp_path: Path) -> None:
    for name, path in zip(TOGETHER, ("/ports/1", "/health/live"), strict=True):
        port = free_port()
        environ = {"MESH_PORT": str(port), "MESH_DATA": str(tmp_path), "MESH_DRAIN_S": "0"}
        words = ("-m", f"services.{name}")
        with ending(
            environment.start("python", *words, cwd=tmp_path, CONSUL_HTTP_ADDR="127.0.0.1:1", **environ)
        ) as run:
            async with aiohttp.ClientSession() as session:
                assert await answer(session, f"http://127.0.0.1:{port}{path}")
            run.send_signal(signal.SIGTERM)
            _, err = run.communicate(timeout=PATIENCE_S)
        assert run.returncode == 0, err
