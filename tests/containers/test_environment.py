"""Every variable that a container is given is one that its program reads, with a value that it takes."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import opentelemetry.sdk.environment_variables
import pytest

from discovery import variables
from discovery.config import MeshConfig
from launcher.plan import ROOT, SYSTEM
from observability import config as telemetry
from observability.config import TelemetryConfig
from observability.console.guard import hosts_from_env
from services.kit.pages.console import console_url
from tests.containers.files import configuration, stages
from tests.launcher.development.running import modules, source

# Those of Python, and where the packages of the image are.
OF_PYTHON = {"PATH", "PYTHONPATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}
# See discovery.state.
OF_THE_STATE = {"MESH_DATA"}
OF_THE_SDK = {name for name in vars(opentelemetry.sdk.environment_variables) if name.startswith("OTEL_")}


def environment(service: str) -> dict[str, str]:
    found: dict[str, str] = configuration()[service]["environment"]
    return found


def of_the_image() -> dict[str, str]:
    """What every image of ours sets."""
    words = " ".join(line.removeprefix("ENV ") for line in stages()["library"] if line.startswith("ENV ")).split()
    return dict(word.split("=", 1) for word in words)


def named_in(*files: Path) -> set[str]:
    """Every text that stands alone in the code."""
    trees = [ast.parse(path.read_text()) for path in files]
    constants = (node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {value for value in constants if isinstance(value, str)}


@pytest.mark.parametrize("service", SYSTEM)
def test_a_service_reads_every_variable_that_it_is_given(service: str) -> None:
    own = named_in(*(path for name in modules(service) if (path := source(name)))) | OF_THE_STATE
    known = variables.VARIABLES.keys() | telemetry.VARIABLES.keys() | OF_THE_SDK | OF_PYTHON | own
    assert (environment(service).keys() | of_the_image().keys()) - known == set()


@pytest.mark.parametrize("service", SYSTEM)
def test_a_service_takes_every_value_that_it_is_given(service: str, tmp_path: Path) -> None:
    token = tmp_path / "consul-token"
    token.write_text("")
    environ = {**of_the_image(), **environment(service), "CONSUL_HTTP_TOKEN_FILE": str(token)}
    config = MeshConfig.from_env(service, environ)
    TelemetryConfig.from_env(environ)
    console_url(environ)
    if service == "console":
        # The name by which the collector reaches it.
        assert hosts_from_env(environ) == {"console"}
    # In a container only the container's own network reaches what listens everywhere.
    assert config.host == "0.0.0.0"
    assert config.consul_url == "http://consul-agent:8500"


def test_those_that_prometheus_asks_are_those_that_answer_it() -> None:
    asked = {name for name in SYSTEM if "metrics" in environment(name).get("MESH_TAGS", "").split(",")}
    assert asked == {name for name in SYSTEM if environment(name).get("MESH_METRICS") == "open"}
    # Strangers reach the one, and the other is told of metrics itself.
    assert asked == SYSTEM.keys() - {"gateway", "console"}


def test_whose_tokens_count_is_told_to_who_has_something_to_guard() -> None:
    told = {name: environment(name)["AUTH_ISSUER"] for name in SYSTEM if "AUTH_ISSUER" in environment(name)}
    guarded = ("gateway", "accounts", "notifications", "orders", "payments", "laptops", "ports")
    assert told == dict.fromkeys(guarded, "http://accounts")


def test_the_collector_is_given_what_its_file_asks_for() -> None:
    asked = set(re.findall(r"\$\{env:(\w+)", (ROOT / "observability" / "collector.yaml").read_text()))
    assert environment("collector").keys() == asked
