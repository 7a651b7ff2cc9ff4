"""What is left is known by its project, and removed kind by kind."""

from __future__ import annotations

from discovery.clock import SystemClock
from launcher.stack.engine import find_engine
from launcher.stack.leftovers import clear, names_in
from tests.launcher.stack.docker import FakeDocker


def test_a_family_is_its_name_and_what_has_it_before_a_dash() -> None:
    output = " bridge\nours a\nours-plain b\nours2 c\nother d\n"
    assert names_in(output, "ours") == ["a", "b"]


async def test_containers_go_first_and_what_is_not_there_is_not_removed(docker: FakeDocker) -> None:
    docker.answer("ps --all", "ours-plain web-1\nother db-1")
    docker.answer("volume ls", "ours-plain data")
    docker.answer("network ls", " bridge")
    engine = await find_engine(docker.environ, SystemClock())

    assert await clear(engine, "ours") == {"containers": ["web-1"], "volumes": ["data"]}
    assert docker.asked[-2:] == ["rm --force --volumes web-1", "volume rm --force data"]
