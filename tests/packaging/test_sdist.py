"""The sdist: enough to build the same wheel, and to install it where the command, or an extra of it, is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.packaging.building import build, sdist_names, unpacked, wheel_names
from tests.packaging.environment import COMMANDS, Environment, commands


@pytest.fixture(scope="module")
def environment(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The library as `pip install proconsul` brings it, from the sdist."""
    environment = Environment.empty(tmp_path_factory.mktemp("bare") / "venv")
    environment.install(sdist)
    return environment


@pytest.fixture(scope="module")
def with_cli(environment: Environment, sdist: Path) -> Environment:
    """The same, with the extra `cli`; the tests that wish it bare come first."""
    environment.install(sdist, "[cli]")
    return environment


def test_it_holds_the_library_and_what_builds_it(sdist: Path) -> None:
    names = sdist_names(sdist)
    files = {".gitignore", "CHANGELOG.md", "LICENSE", "PKG-INFO", "README.md", "pyproject.toml"}

    assert {name for name in names if "/" not in name} == files
    assert {name.partition("/")[0] for name in names if "/" in name} == {"discovery", "observability"}


def test_a_wheel_that_is_built_from_it_has_the_same_files(sdist: Path, wheel: Path, tmp_path: Path) -> None:
    (tmp_path / "wheel").mkdir()
    rebuilt = build(unpacked(sdist, tmp_path / "source"), "wheel", tmp_path / "wheel")

    assert wheel_names(rebuilt) == wheel_names(wheel)


def test_without_any_extra_the_library_can_be_imported(environment: Environment, tmp_path: Path) -> None:
    code = "import discovery, discovery.web, observability; discovery.run, discovery.web.boundary"
    said = environment.run("python", "-c", code, cwd=tmp_path)

    assert (said.returncode, said.stderr) == (0, "")


def test_without_any_extra_it_brings_few_packages_and_little_data(environment: Environment, tmp_path: Path) -> None:
    code = """
from importlib.metadata import distributions
found = [each for each in distributions() if each.name not in {"pip", "setuptools"}]
files = {each.locate_file(file) for each in found for file in each.files or () if not str(file).endswith(".pyc")}
print(len(found), sum(file.stat().st_size for file in files if file.is_file()))
"""
    packages, size = map(int, environment.run("python", "-c", code, cwd=tmp_path).stdout.split())

    assert packages <= 19
    assert size <= 25_000_000


def test_without_the_extra_cli_the_command_says_what_to_install(environment: Environment, tmp_path: Path) -> None:
    said = environment.run("mesh", "--help", cwd=tmp_path)

    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr == "mesh: the library is here, the command is not: pip install 'proconsul[cli]'\n"


@pytest.mark.parametrize(
    ("code", "what", "extra"),
    [
        ("import discovery.web.validation", "discovery.web.validation needs pydantic", "web"),
        ("from discovery.web.validation import Schema", "discovery.web.validation needs pydantic", "web"),
        ("import observability; observability.observer", "observability.observer needs opentelemetry", "observability"),
        ("from observability import journal", "observability.journal needs structlog", "observability"),
    ],
)
def test_a_module_whose_extra_is_missing_says_what_to_install(
    environment: Environment, tmp_path: Path, code: str, what: str, extra: str
) -> None:
    said = environment.run("python", "-c", code, cwd=tmp_path)

    last = said.stderr.splitlines()[-1]
    assert last.startswith(f"ModuleNotFoundError: {what}")
    assert last.endswith(f"which is not installed: pip install 'proconsul[{extra}]'")
    assert "During handling" not in said.stderr


def test_a_console_whose_extra_is_missing_says_so_in_one_line(environment: Environment, tmp_path: Path) -> None:
    said = environment.run("python", "-m", "observability.console", cwd=tmp_path)

    assert (said.returncode, said.stdout, said.stderr.count("\n")) == (2, "", 1)
    assert said.stderr.startswith("the console needs ")
    assert said.stderr.endswith(" which is not installed: pip install 'proconsul[console]'\n")


def test_with_it_the_commands_are_those_of_the_library(with_cli: Environment, tmp_path: Path) -> None:
    said = with_cli.run("mesh", "--help", cwd=tmp_path)

    assert commands(said.stdout) == COMMANDS


def test_a_command_whose_extra_is_missing_says_what_to_install(with_cli: Environment, tmp_path: Path) -> None:
    said = with_cli.run("mesh", "console", cwd=tmp_path)

    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr.count("\n") == 1
    assert said.stderr.startswith("mesh: ")
    assert said.stderr.endswith(" is not installed: pip install 'proconsul[console]'\n")


def test_a_trace_is_read_with_the_extra_cli_alone(with_cli: Environment, tmp_path: Path) -> None:
    said = with_cli.run("mesh", "trace", "1", "--consul", "127.0.0.1:1", cwd=tmp_path)

    assert said.returncode == 2
    assert said.stderr.startswith("mesh: no console is known: ")
    assert said.stderr.count("\n") == 1


def test_a_call_is_made_though_nothing_can_make_a_span_of_it(with_cli: Environment, tmp_path: Path) -> None:
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "MESH_STATIC": "ports=127.0.0.1:1"}
    said = with_cli.run("mesh", "call", "ports", "/", cwd=tmp_path, **environ)

    _, warning, *attempts = said.stderr.splitlines()
    assert warning.startswith("mesh: the call is no span (opentelemetry")
    assert warning.endswith("is not installed: pip install 'proconsul[observability]')")
    assert any("→ ports-" in each for each in attempts)
    assert said.returncode == 1


@pytest.mark.parametrize(
    ("setting", "value", "extra"),
    [("MESH_METRICS", "local", "prometheus"), ("OTEL_TRACES_EXPORTER", "zipkin", "zipkin")],
)
def test_a_setting_whose_extra_is_missing_ends_the_process_with_what_to_install(
    with_cli: Environment, sdist: Path, tmp_path: Path, setting: str, value: str, extra: str
) -> None:
    with_cli.install(sdist, "[observability]")
    app = "discovery.run(web.Application(), MeshConfig.from_env('shop', port=0), observe=observability.observer)"
    code = f"import discovery, observability; from aiohttp import web; from discovery import MeshConfig; {app}"
    said = with_cli.run("python", "-c", code, cwd=tmp_path, **{setting: value})

    assert said.returncode == 2
    assert f"{setting}={value} needs " in said.stderr
    assert f"which is not installed: pip install 'proconsul[{extra}]'\n" in said.stderr
    assert "Traceback" not in said.stderr
