"""The Dockerfile has an image for each service, and each image what it needs and no more."""

from __future__ import annotations

import re

import pytest

from launcher.plan import ROOT, SYSTEM, module_of
from tests.containers.files import base_of, configuration, stages

SERVICES = sorted(SYSTEM)
HOME = {service: module_of(service).replace(".", "/") for service in SERVICES}
DEFAULT_PORT = re.compile(r"\b(?:port=|PORT = )(\d+)")


def port_of(service: str) -> str:
    """The port that the service itself falls back to."""
    found = DEFAULT_PORT.search("".join(path.read_text() for path in (ROOT / HOME[service]).glob("*.py")))
    assert found is not None
    return found[1]


def inherited(stage: str) -> list[str]:
    """Its instructions, after those of the stages that it begins with."""
    base = base_of(stage)
    return [*(inherited(base) if base in stages() else ()), *stages()[stage][1:]]


def test_no_line_asks_for_a_frontend() -> None:
    # It would have to be fetched, also where everything else is there.
    assert not re.search(r"^#\s*syntax\s*=", (ROOT / "Dockerfile").read_text(), re.MULTILINE | re.IGNORECASE)


def test_there_are_these_stages_and_no_others() -> None:
    made = {f"{service}-{kind}" for service in SERVICES for kind in ("packages", "service")}
    assert stages().keys() == {"", "installer", "code", "library", "service"} | made


def test_the_base_is_the_one_that_compose_names() -> None:
    (argument,) = stages()[""]
    bases = {configuration()[service]["build"]["args"]["BASE"] for service in SERVICES}
    assert {argument.removeprefix("ARG BASE=")} == bases


@pytest.mark.parametrize("service", SERVICES)
def test_packages_are_those_of_the_lock_and_made_by_others(service: str) -> None:
    lines = "\n".join(stages()[f"{service}-packages"])
    assert base_of(f"{service}-packages") == "installer"
    assert f"COPY {HOME[service]}/requirements.lock /tmp/" in lines
    assert "install --only-binary :all: --require-hashes -r /tmp/requirements.lock" in lines
    assert (ROOT / HOME[service] / "requirements.lock").is_file()


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_has_its_own_packages_and_code(service: str) -> None:
    lines = stages()[f"{service}-service"]
    assert base_of(f"{service}-service") == ("library" if service == "console" else "service")
    code = "/app/console" if service == "console" else f"/app/{HOME[service]}"
    assert [line for line in lines if line.startswith("COPY")] == [
        f"COPY --from={service}-packages /opt/venv /opt/venv",
        f"COPY --from=code {code} {HOME[service]}",
    ]
    assert not [line for line in lines if line.startswith(("RUN", "ADD", "ARG"))]


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_starts_its_service_and_asks_it_at_its_port(service: str) -> None:
    lines = stages()[f"{service}-service"]
    assert f'CMD ["python", "-m", "{module_of(service)}"]' in lines
    assert f"EXPOSE {port_of(service)}" in lines
    assert [line for line in lines if line.startswith("ENV")] == [f"ENV MESH_PORT={port_of(service)}"]
    (health,) = (line for line in inherited(f"{service}-service") if line.startswith("HEALTHCHECK"))
    assert health.endswith('CMD ["python", "-m", "discovery.healthcheck"]')
    assert {"--interval=15s", "--timeout=3s"} <= set(health.split())


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_runs_as_somebody_without_rights_and_says_so_by_number(service: str) -> None:
    users = [line.split()[1] for line in inherited(f"{service}-service") if line.startswith("USER")]
    assert len(users) == 1
    user, _, group = users[0].partition(":")
    assert int(user) > 0
    assert int(group) > 0


def test_nothing_is_fetched_but_what_the_locks_name() -> None:
    runs = [line for lines in stages().values() for line in lines if line.startswith("RUN")]
    assert not [line for line in runs if re.search(r"apt|apk|curl|wget|git |://", line)]
    assert all("--require-hashes" in line for line in runs if "pip --" in line)
    assert not [line for lines in stages().values() for line in lines if line.startswith("ADD")]


def test_what_was_to_be_installed_does_not_travel_with_the_code() -> None:
    (line,) = (line for line in stages()["code"] if line.startswith("RUN"))
    assert line.startswith("RUN find . \\( -name pyproject.toml -o -name requirements.lock \\) -delete && ")


def test_the_context_is_what_is_named_and_nothing_else() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert {line for line in rules if line.startswith("!")} == {"!discovery", "!observability", "!services"}
