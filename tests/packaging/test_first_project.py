"""What `mesh new` writes, in an environment that has nothing but the wheel and what the project asks for."""

from __future__ import annotations

import json
import shlex
import signal
from pathlib import Path

import pytest

from tests.packaging.environment import Environment
from tests.packaging.processes import ending, line


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    environment = Environment.empty(tmp_path_factory.mktemp("first") / "venv")
    environment.install(wheel, "[cli]")
    return environment


@pytest.fixture(scope="module")
def project(environment: Environment, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the project, which is installed as its README.md says."""
    folder = tmp_path_factory.mktemp("projects")
    written = environment.run("mesh", "new", "my-shop", "--json", cwd=folder)
    assert (written.returncode, written.stderr) == (0, "")
    project = Path(json.loads(written.stdout)["path"])
    environment.install(wheel, also=["--editable", f"{project}[dev]"])
    return project


def test_its_own_tests_pass(environment: Environment, project: Path) -> None:
    said = environment.run("python", "-m", "pytest", cwd=project)

    assert said.returncode == 0, said.stdout
    assert " passed" in said.stdout
    assert "warning" not in said.stdout.lower()


def test_its_services_run_as_its_readme_says(environment: Environment, project: Path, tmp_path: Path) -> None:
    readme = (project / "README.md").read_text(encoding="utf-8")
    assert "python -m discovery.devagent" in readme
    with ending(environment.start("python", "-m", "discovery.devagent", "--port", "0", cwd=project)) as agent:
        told = {"CONSUL_HTTP_ADDR": line(agent), "OTEL_SDK_DISABLED": "true"}
        words = environment.start("python", "-m", "my_shop.words", cwd=project, **told)
        greeter = environment.start("python", "-m", "my_shop.greeter", cwd=project, **told)
        with ending(words), ending(greeter):
            [call] = [each for each in readme.splitlines() if "mesh call" in each]
            said = called(environment, project, shlex.split(call.removeprefix("$ "), comments=True), told)
            for process in (greeter, words):
                process.send_signal(signal.SIGTERM)
                process.communicate(timeout=60)

    assert json.loads(said) == {"greeting": "Bonjour, world"}
    assert (greeter.returncode, words.returncode) == (0, 0)


def called(environment: Environment, project: Path, argv: list[str], told: dict[str, str]) -> str:
    """The answer, once both services are registered."""
    said = environment.run(*argv, cwd=project, **told)
    for _ in range(100):
        if said.returncode == 0:
            break
        said = environment.run(*argv, cwd=project, **told)
    assert said.returncode == 0, said.stderr
    return said.stdout
