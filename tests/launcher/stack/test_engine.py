"""An engine is used when it answers and can run the stack; else one sentence says what is missing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from discovery.clock import SystemClock
from launcher.stack.engine import Engine, find_engine
from launcher.stack.failures import EngineUnusable
from tests.launcher.stack.docker import FakeDocker


async def found(docker: FakeDocker, **environ: str) -> Engine:
    return await find_engine({**docker.environ, **environ}, SystemClock())


@pytest.fixture(autouse=True)
def _no_compose_beside_python(docker: FakeDocker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(docker.folder / "python"))


async def test_one_that_answers_is_used(docker: FakeDocker) -> None:
    docker.answer("compose ls", "nothing runs")
    assert await (await found(docker)).compose("ls") == "nothing runs\n"


async def test_without_docker_it_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(EngineUnusable, match="there is no `docker` program: install Docker"):
        await find_engine({"PATH": str(tmp_path)}, SystemClock())


async def test_where_nothing_answers_docker_s_own_words_are_told(docker: FakeDocker) -> None:
    docker.answer("version", err="Cannot connect to the Docker daemon", code=1)
    with pytest.raises(EngineUnusable, match=r"(?s)answers at tcp://there:1.*Cannot connect to the Docker daemon"):
        await found(docker, DOCKER_HOST="tcp://there:1")


@pytest.mark.parametrize("api", ["1.40", "1.9", ""])
async def test_an_old_engine_is_told(docker: FakeDocker, api: str) -> None:
    docker.answer("version", api)
    with pytest.raises(EngineUnusable, match="the container engine is too old"):
        await found(docker)


async def test_without_buildx_nothing_is_built(docker: FakeDocker) -> None:
    docker.answer("buildx", err="docker: unknown command: docker buildx", code=1)
    with pytest.raises(EngineUnusable, match="docker has no plugin buildx"):
        await found(docker)


async def test_compose_may_be_a_program_of_its_own(docker: FakeDocker) -> None:
    docker.answer("compose version", code=1)
    docker.write("docker-compose", 'case "$1" in version) echo v2.26.1-4;; *) echo "alone $*";; esac')
    assert await (await found(docker)).compose("ps", "-a") == "alone ps -a\n"


async def test_no_compose_is_told(docker: FakeDocker) -> None:
    docker.answer("compose version", code=1)
    with pytest.raises(EngineUnusable, match="docker has no plugin compose: install Docker"):
        await found(docker)


async def test_an_old_compose_is_told(docker: FakeDocker) -> None:
    docker.answer("compose version", "2.20.3")
    docker.write("docker-compose", "echo 1.29.2")
    with pytest.raises(EngineUnusable, match=r"Compose is too old \(2\.20\.3, 1\.29\.2, not 2\.21\)"):
        await found(docker)


async def test_what_the_shell_says_of_another_composition_is_forgotten(docker: FakeDocker) -> None:
    docker.write("docker-compose", "")
    docker.answer("compose version", "5.6.1")
    docker.write(
        "docker", 'case "$1" in version) echo 1.45;; compose) echo "5.6 ${COMPOSE_FILE-none} $DOCKER_HOST";; esac'
    )
    said = await (await found(docker, COMPOSE_FILE="/mine.yaml", DOCKER_HOST="unix:///s")).compose("ls")
    assert said == "5.6 none unix:///s\n"
