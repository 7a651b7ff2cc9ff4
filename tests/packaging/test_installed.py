"""The wheel in an environment of its own, beside a project that has packages of the names that ours have here."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from subprocess import Popen
from urllib.parse import urlsplit

import pytest

from tests.packaging.environment import PATIENCE_S, Environment, commands, make_project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def environment(wheel: Path, project: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    environment = Environment.empty(tmp_path_factory.mktemp("whole") / "venv")
    environment.install(wheel, "[console]")
    environment.add(project)
    return environment


@contextmanager
def ending(process: Popen[str]) -> Iterator[Popen[str]]:
    """Whatever happens in the block, *process* ends with it."""
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def line(process: Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


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

    assert commands(said.stdout) == ["call", "completion", "console", "doctor", "ps", "resolve", "trace", "watch"]


@pytest.mark.parametrize("command", ["up", "test", "bench"])
def test_a_command_of_our_repository_is_refused_in_one_line(
    environment: Environment, project: Path, command: str
) -> None:
    said = environment.run("mesh", command, cwd=project)

    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr == f"mesh: No such command '{command}'. (see mesh --help)\n"


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
