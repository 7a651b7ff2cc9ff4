"""What `mesh test --compose` does around pytest."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from discovery.clock import SystemClock
from discovery.errors import ConfigError
from launcher.commands import test as command
from launcher.stack import tests as module
from launcher.stack.engine import Engine, find_engine
from launcher.stack.failures import EngineUnusable
from launcher.stack.images import StandIn
from launcher.stack.tests import environment, exports_in, prepare, pytest_arguments, run_stack_tests
from tests.launcher.stack.docker import FakeDocker

CONFIG = '{"services": {"consul": {"image": "consul:2"}}}'


def script(root: Path, name: str, text: str) -> None:
    (root / ".ci").mkdir(exist_ok=True)
    (root / ".ci" / name).write_text(f"#!/bin/sh\n{text}\n")
    (root / ".ci" / name).chmod(0o755)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(module, "ROOT", tmp_path)
    return tmp_path


def test_all_of_them_run_unless_some_are_named() -> None:
    folder = str(Path(__file__).parents[2] / "compose")
    assert pytest_arguments(["-k", "kill"]) == [folder, "-k", "kill"]
    assert pytest_arguments(["tests/compose/conftest.py::x", "-x"]) == ["tests/compose/conftest.py::x", "-x"]


def test_a_shell_s_exports_are_read_with_their_quotes() -> None:
    assert exports_in("echo hi\nexport A=unix:///s\nexport PATH=/my\\ tools:/bin\nexport B='x=y'\n") == {
        "A": "unix:///s",
        "PATH": "/my tools:/bin",
        "B": "x=y",
    }


def test_an_engine_that_answers_is_taken_as_it_is(docker: FakeDocker) -> None:
    assert environment(docker.environ, SystemClock()) == docker.environ


def test_where_none_answers_debian_is_asked_for_one(root: Path, docker: FakeDocker) -> None:
    script(root, "engine", "echo export DOCKER_HOST=unix:///made")
    docker.answer("version", err="nobody", code=1)
    # Nothing of this machine, which may be a Debian.
    environ = {"PATH": str(docker.folder)}
    with pytest.raises(EngineUnusable, match="no container engine answers"):
        environment(environ, SystemClock())
    docker.write("apt-get", "")
    assert environment(environ, SystemClock()) == {**environ, "DOCKER_HOST": "unix:///made"}
    script(root, "engine", "exit 1")
    with pytest.raises(EngineUnusable, match="no container engine answers"):
        environment(environ, SystemClock())


async def test_what_cannot_be_pulled_is_built_and_told(root: Path, docker: FakeDocker) -> None:
    script(root, "stand-ins", f'echo "stand-ins $*" >> {docker.folder}/asked')
    docker.answer("config", CONFIG)
    docker.answer("pull", err="no such host", code=1)
    docker.answer("{{json .Config.Labels}}", '{"org.proconsul.stands-in-for": "consul:2"}')
    _, instead = await prepare(docker.environ, "it", SystemClock())
    assert [str(each) for each in instead] == ["consul:2 is stood in for by something else"]
    assert "stand-ins consul:2" in docker.asked


async def test_when_nothing_can_stand_in_it_says_what_else_there_is(root: Path, docker: FakeDocker) -> None:
    script(root, "stand-ins", "exit 1")
    docker.answer("config", CONFIG)
    docker.answer("pull", err="no such host", code=1)
    with pytest.raises(ConfigError, match="neither be pulled nor be stood in for: consul:2; pull them where"):
        await prepare(docker.environ, "it", SystemClock())


async def test_with_the_real_images_nothing_is_pulled(docker: FakeDocker) -> None:
    docker.answer("config", CONFIG)
    docker.answer("image ls", "5f")
    docker.answer("{{json .Config.Labels}}", "null")
    _, instead = await prepare(docker.environ, "it", SystemClock())
    assert instead == []
    assert not [asked for asked in docker.asked if asked.startswith("pull")]


@pytest.mark.parametrize(("code", "stays"), [(0, False), (1, True)])
async def test_what_stands_in_is_asked_for_again(docker: FakeDocker, code: int, *, stays: bool) -> None:
    pulled = docker.folder / "pulled"
    label = '{"org.proconsul.stands-in-for": "consul:2"}'
    docker.write(
        "docker",
        f"""case " $* " in
            *" version "*) echo 5.45;;
            *" config "*) echo '{CONFIG}';;
            *" ls "*) echo 5f;;
            *" pull "*) [ {code} = 0 ] && touch {pulled}; exit {code};;
            *" inspect "*) [ -e {pulled} ] && echo null || echo '{label}';;
        esac""",
    )
    _, instead = await prepare(docker.environ, "it", SystemClock())
    assert "pull --quiet consul:2" in docker.asked
    assert bool(instead) is stays


def test_at_the_end_it_says_how_to_remove_what_stands_in(
    docker: FakeDocker, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def prepared(environ: object, family: str, clock: object) -> tuple[Engine, list[StandIn]]:
        return await find_engine(docker.environ, SystemClock()), [StandIn("consul:2", "Consul 1")]

    monkeypatch.setattr(os, "environ", docker.environ)
    monkeypatch.setattr(module, "prepare", prepared)
    monkeypatch.setattr(module, "run_pytest", lambda arguments, environ: 0)
    assert run_stack_tests([]) == 0
    last = capsys.readouterr().err.splitlines()[-1]
    assert "`docker image rm $(docker image ls -q --filter label=org.proconsul.stands-in-for)`" in last


def test_the_command_takes_no_names_with_it() -> None:
    result = CliRunner().invoke(command, ["ports", "--compose"])
    assert result.exit_code == 2
    assert "--compose takes no names" in result.output
