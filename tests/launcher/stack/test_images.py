"""Which images are needed, which are there, and which only stand in."""

from __future__ import annotations

import json

import pytest

from discovery.clock import SystemClock
from launcher.stack.engine import Engine, find_engine
from launcher.stack.images import StandIn, images_in, missing, pull, stand_ins
from tests.launcher.stack.docker import FakeDocker


@pytest.fixture
async def engine(docker: FakeDocker) -> Engine:
    return await find_engine(docker.environ, SystemClock())


def test_what_is_not_built_is_taken_from_elsewhere_and_so_is_the_base_of_what_is() -> None:
    services = {
        "consul-server": {"image": "hashicorp/consul:1"},
        "consul-agent": {"image": "hashicorp/consul:1"},
        "ports": {"image": "ports-service", "build": {"args": {"BASE": "python:3"}}},
        "other": {"image": "other-service", "build": {"context": "."}},
    }
    assert images_in({"services": services}) == ["hashicorp/consul:1", "python:3"]


async def test_an_image_that_the_engine_does_not_list_is_missing(docker: FakeDocker, engine: Engine) -> None:
    docker.answer("image ls --quiet here:1", "sha256:1")
    docker.write("docker", 'case " $* " in *" here:1 "*) echo 5f;; esac')
    assert await missing(engine, ["here:1", "gone:1"]) == ["gone:1"]


async def test_what_cannot_be_pulled_is_told_with_the_reason(docker: FakeDocker, engine: Engine) -> None:
    docker.answer("pull --quiet far:1", err="no such host", code=1)
    refused = await pull(engine, ["near:1", "far:1"])
    assert {image: exc.said for image, exc in refused.items()} == {"far:1": ("no such host",)}
    assert sorted(docker.asked[-2:]) == ["pull --quiet far:1", "pull --quiet near:1"]


async def test_an_image_stands_in_when_its_label_names_itself(docker: FakeDocker, engine: Engine) -> None:
    def labelled(image: str, labels: object) -> None:
        docker.answer(f"{{{{json .Config.Labels}}}} {image}", json.dumps(labels))

    labelled("real:1", None)
    stands_in = {"org.proconsul.stands-in-for": "consul:2", "org.proconsul.stands-in-by": "Consul 1.19.2"}
    labelled("consul:2", stands_in)
    # Made from it, and the label came along.
    labelled("made-of-it:1", stands_in)
    (found,) = await stand_ins(engine, ["real:1", "consul:2", "made-of-it:1"])
    assert found == StandIn("consul:2", "Consul 1.19.2")
    assert str(found) == "consul:2 is stood in for by Consul 1.19.2"
