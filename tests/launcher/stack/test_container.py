"""What Compose says of containers, read."""

from __future__ import annotations

import json

import pytest

from launcher.stack.container import Container, containers_in


def line(service: str, number: int) -> str:
    labels = f"com.docker.compose.depends_on=a:healthy,b,com.docker.compose.container-number={number},x=y"
    entry = {"Name": f"p-{service}-{number}", "Service": service, "State": "running", "Health": "", "ExitCode": 0}
    return json.dumps({**entry, "Labels": labels})


def test_containers_come_in_the_order_of_services_and_numbers() -> None:
    output = "\n".join((line("ports", 10), line("ports", 2), "", line("laptops", 1)))
    assert [each.name for each in containers_in(output)] == ["p-laptops-1", "p-ports-2", "p-ports-10"]


@pytest.mark.parametrize(
    ("state", "health", "code", "well", "said"),
    [
        ("running", "", 0, True, "n: running"),
        ("running", "healthy", 0, True, "n: running (healthy)"),
        ("running", "unhealthy", 0, False, "n: running (unhealthy)"),
        ("running", "starting", 0, False, "n: running (starting)"),
        ("exited", "", 0, True, "n: exited (exit code 0)"),
        ("exited", "healthy", 137, False, "n: exited (exit code 137)"),
        ("paused", "", 0, False, "n: paused"),
    ],
)
def test_it_is_well_when_it_runs_healthily_or_is_done(
    state: str, health: str, code: int, well: bool, said: str
) -> None:
    container = Container(name="n", service="s", number=1, state=state, health=health, exit_code=code)
    assert (container.well, str(container)) == (well, said)
