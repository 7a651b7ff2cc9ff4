"""A stack is a project of Compose that is gone when its block is left."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from random import Random

import pytest

from discovery.clock import SystemClock
from launcher.stack.engine import Engine, find_engine
from launcher.stack.failures import DockerFailed
from launcher.stack.leftovers import leftovers
from launcher.stack.stack import Stack, new_project
from tests.launcher.stack.docker import FakeDocker

UNWELL = {
    "Name": "it-a-1",
    "Service": "a",
    "State": "exited",
    "Health": "",
    "ExitCode": 1,
    "Labels": "",
    "Publishers": [],
}

# Nothing is pulled: its program is the shell, and its image the base of ours, whatever that is here.
COMPOSE = """
services:
  a:
    image: ${PYTHON_IMAGE}
    command: [sleep, "600"]
    stop_signal: KILL
    ports: ["127.0.0.1:${GATEWAY_PORT-8080}:8080"]
    volumes: ["data:/data"]
    networks: [microservices]
  once:
    image: ${PYTHON_IMAGE}
    profiles: [setup]
    network_mode: none
    command: [echo, done]
networks: {microservices: {}}
volumes: {data: {}}
"""


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
async def stack(docker: FakeDocker, tmp_path: Path, told: list[str]) -> Stack:
    engine = await find_engine(docker.environ, SystemClock())
    return Stack(engine, "it", tell=told.append, root=tmp_path, profiles=("cluster",))


def compose(asked: str) -> str:
    """The words after those that name the project."""
    return asked.partition("--profile cluster ")[2]


def test_no_two_projects_have_one_name() -> None:
    rng = Random(1)
    names = {new_project(rng) for _ in range(100)}
    assert len(names) == 100
    assert all(re.fullmatch(r"proconsul-[0-9a-f]{10}", name) for name in names)


async def test_it_says_what_it_does_and_is_gone_at_the_end(docker: FakeDocker, stack: Stack, told: list[str]) -> None:
    docker.answer("ps --all --format", "it it-a-1")
    async with stack:
        await stack.up("a", scale={"a": 2})
        await stack.up()
    first, second, down = [compose(asked) for asked in docker.asked if compose(asked)]
    assert first == "up --detach --no-build --wait --wait-timeout 240 --scale a=2 a"
    # What was scaled stays so.
    assert second == "up --detach --no-build --wait --wait-timeout 240 --scale a=2"
    assert down == "down --volumes --remove-orphans --timeout 2"
    assert "rm --force --volumes it-a-1" in docker.asked
    assert told == ["starting a of it", "starting all containers of it", "removing it"]


async def test_what_it_left_is_removed_also_when_compose_cannot(docker: FakeDocker, stack: Stack) -> None:
    docker.answer("down", err="the file is broken", code=1)
    docker.answer("network ls", "it it_microservices")
    with pytest.raises(DockerFailed, match="the file is broken"):
        async with stack:
            pass
    assert docker.asked[-1] == "network rm it_microservices"


async def test_a_failed_start_says_who_is_not_well_and_why(docker: FakeDocker, stack: Stack) -> None:
    docker.answer("up", err="container it-a-1 exited (1)", code=1)
    docker.answer("ps --all", json.dumps(UNWELL))
    docker.answer("logs", "a-1  | no room on the disk")
    with pytest.raises(DockerFailed) as caught:
        await stack.up()
    assert caught.value.said == (
        "container it-a-1 exited (1)",
        "it-a-1: exited (exit code 1)",
        "a-1  | no room on the disk",
    )


async def test_every_port_is_one_that_is_free(docker: FakeDocker, stack: Stack) -> None:
    docker.answer("port", "127.0.0.1:32769")
    assert await stack.url("gateway", 8080) == "http://127.0.0.1:32769"
    docker.write("docker", 'echo "[$GATEWAY_PORT][${CONSUL_PORT-unset}]"')
    assert await stack.exec("gateway", "true") == "[][]\n"


@pytest.fixture
async def real(tmp_path: Path) -> Engine:
    (tmp_path / "compose.yaml").write_text(COMPOSE)
    (tmp_path / ".env").write_text((Path(__file__).parents[3] / ".env").read_text())
    return await find_engine(os.environ, SystemClock())


@pytest.mark.engine
async def test_on_a_real_engine_containers_are_used_hurt_and_gone(real: Engine, tmp_path: Path) -> None:
    project = new_project(Random())
    async with Stack(real, project, tell=lambda _: None, root=tmp_path) as stack:
        await stack.up(scale={"a": 2})
        one, two = await stack.containers("a")
        assert (one.number, two.number, one.well) == (1, 2, True)
        assert (await stack.url("a", 8080)).startswith("http://127.0.0.1:")
        assert await stack.exec("a", "echo", "hi") == "hi\n"
        assert await stack.run("once") == "done\n"

        await stack.kill(one)
        await stack.pause(two)
        assert [each.state for each in await stack.containers()] == ["exited", "paused"]
        await stack.unpause(two)
        await stack.disconnect(two)
        await stack.connect(two)
        await stack.up()
        assert [each.state for each in await stack.containers()] == ["running", "running"]
        assert {kind: len(names) for kind, names in (await leftovers(real, project)).items()} == {
            "containers": 2,
            "networks": 1,
            "volumes": 1,
        }
    assert await leftovers(real, project) == {}
