"""The wheel in an environment of its own, beside a project that has packages of the names that ours have here."""

from __future__ import annotations

import json
import signal
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.packaging.environment import COMMANDS, PATIENCE_S, Environment, commands, make_project
from tests.packaging.processes import ending, line


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def environment(wheel: Path, project: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    environment = Environment.empty(tmp_path_factory.mktemp("whole") / "venv")
    environment.install(wheel, "[console]")
    environment.add(project)
    return environment


def get(address: str, path: str) -> tuple[int, str]:
    connection = HTTPConnection(address, timeout=PATIENCE_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize("place", ["the project", "elsewhere"])
def test_a_project_has_its_own_services_and_tests(
    environment: Environment, project: Path, tmp_path: Path, place: str
) -> None:
    cwd = project if place == "the project" else tmp_path
    with ending(environment.start("python", "-m", "services.shop", cwd=cwd)) as process:
        status, body = get(line(process), "/")
        _, err = process.communicate("", PATIENCE_S)

    assert (process.returncode, err, status) == (0, "", 200)
    own = [project / file for file in ("services/__init__.py", "tests/data.py", "benchmarks/data.py")]
    assert json.loads(body) == [str(file) for file in own]


def test_what_an_extra_brings_can_be_imported(environment: Environment, tmp_path: Path) -> None:
    code = "import discovery.web.validation, observability; observability.journal, observability.configure_logs"
    said = environment.run("python", "-c", code, cwd=tmp_path)

    assert (said.returncode, said.stderr) == (0, "")


def test_the_commands_are_those_of_the_library(environment: Environment, project: Path) -> None:
    said = environment.run("mesh", "--help", cwd=project)

    assert commands(said.stdout) == COMMANDS


@pytest.mark.parametrize("command", ["up", "test", "bench"])
def test_a_command_of_our_repository_is_refused_in_one_line(
    environment: Environment, project: Path, command: str
) -> None:
    said = environment.run("mesh", command, cwd=project)

    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr == f"mesh: No such command '{command}'. (see mesh --help)\n"


def test_another_package_of_a_name_of_ours_takes_only_its_own_commands(
    environment: Environment, tmp_path: Path
) -> None:
    (tmp_path / "observability").mkdir()
    (tmp_path / "observability/__init__.py").touch()
    listed, trace, doctor = (
        environment.run("mesh", *words, cwd=tmp_path, PYTHONPATH=".", CONSUL_HTTP_ADDR="127.0.0.1:1")
        for words in (["--help"], ["trace", "1"], ["doctor"])
    )

    assert (listed.returncode, listed.stderr) == (0, "")
    assert listed.stdout.count("(cannot be loaded") == 2
    assert (trace.returncode, trace.stdout, trace.stderr.count("\n")) == (2, "", 1)
    assert trace.stderr.startswith("mesh: the command trace cannot be loaded: No module named 'observability.commands'")
    assert f"{tmp_path / 'observability'} is in the way of the library" in doctor.stdout
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "MESH_STATIC": "ports=127.0.0.1:1"}
    call = environment.run("mesh", "call", "ports", "/", cwd=tmp_path, PYTHONPATH=".", **environ)
    assert "mesh: the call is no span (observability:observer cannot be loaded: " in call.stderr
    assert "→ ports-" in call.stderr


def test_another_discovery_can_be_shown_where_no_command_can_start(environment: Environment, tmp_path: Path) -> None:
    (tmp_path / "discovery").mkdir()
    (tmp_path / "discovery/__init__.py").touch()
    here = environment.run("mesh", "doctor", cwd=tmp_path, CONSUL_HTTP_ADDR="127.0.0.1:1")
    started = environment.run("mesh", "doctor", cwd=tmp_path, PYTHONPATH=".")
    shown = environment.run("python", "-c", "import discovery; print(discovery)", cwd=tmp_path, PYTHONPATH=".")

    assert f"{tmp_path / 'discovery'} is in the way of the library" in here.stdout
    assert "No module named 'discovery.cli'" in started.stderr
    assert str(tmp_path / "discovery/__init__.py") in shown.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_console_serves_its_page_until_it_is_told_to_end(
    environment: Environment, project: Path, tmp_path: Path, number: signal.Signals
) -> None:
    words = ("console", "--port", "0", "--json", "--consul", "127.0.0.1:1")
    with ending(environment.start("mesh", *words, cwd=project, MESH_DATA=str(tmp_path))) as process:
        address = urlsplit(json.loads(line(process))["url"]).netloc
        alive, page, script = (get(address, path) for path in ("/health/live", "/", "/static/main.js"))
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE_S)

    assert (process.returncode, out) == (0, "")
    assert err.startswith("no answer from Consul at http://127.0.0.1:1: ")
    assert err.count("\n") == 1
    assert (alive[0], page[0], script[0]) == (200, 200, 200)
    assert "<title>" in page[1]
