"""The library in the oldest versions of what it requires, and in the newest: whatever lies between is somebody's set.

What only development needs is pinned by requirements.lock; what a user gets is not pinned by anybody.
"""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.packaging.building import ROOT, metadata
from tests.packaging.environment import Environment
from tests.packaging.processes import ending, line

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
TELLING = Path(__file__).with_name("telling.py")


def requirements() -> list[str]:
    """What the package requires of others, with all its extras."""
    said = [*PROJECT["dependencies"], *(each for extra in PROJECT["optional-dependencies"].values() for each in extra)]
    return sorted({each for each in said if not each.startswith("proconsul")})


def lowest(said: Iterable[str]) -> list[str]:
    return [re.sub(r">=([^,]+).*", r"==\1", each) for each in said]


@pytest.mark.parametrize("requirement", requirements())
def test_a_requirement_is_a_range_that_holds_what_is_locked(requirement: str) -> None:
    assert re.fullmatch(r"[a-z\d-]+>=[\d.b]+(,<[\d.]+)?", requirement)


def test_a_wheel_pins_nothing(wheel: Path) -> None:
    assert [each for each in metadata(wheel).get_all("Requires-Dist", []) if "==" in each.partition(";")[0]] == []


@pytest.mark.parametrize("end", ["oldest", "newest"])
def test_a_traced_call_between_two_services_arrives_at_the_console(wheel: Path, tmp_path: Path, end: str) -> None:
    environment = Environment.empty(tmp_path / "venv")
    environment.install(wheel, "[all]", pins=lowest(requirements()) if end == "oldest" else [])
    shutil.copy(TELLING, tmp_path)
    words = ("console", "--port", "0", "--json", "--consul", "127.0.0.1:1")
    with ending(environment.start("mesh", *words, cwd=tmp_path, MESH_DATA=str(tmp_path / "data"))) as console:
        url = json.loads(line(console))["url"]
        told = {"OTEL_EXPORTER_OTLP_ENDPOINT": url, "MESH_METRICS": "local"}
        called = environment.run("python", TELLING.name, cwd=tmp_path, **told)
        assert called.returncode == 0, called.stderr
        trace, sdk = called.stdout.split()
        traced = environment.run("mesh", "trace", trace, "--json", cwd=tmp_path, MESH_CONSOLE_URL=url)

    assert traced.returncode == 0, traced.stderr
    assert (f"opentelemetry-sdk>={sdk.removesuffix('.0')},<1.46" in requirements()) is (end == "oldest")
    assert [(node["service"], node["kind"]) for node in json.loads(traced.stdout)["nodes"]] == [
        ("laptops", "server"),
        ("laptops", "internal"),
        ("laptops", "client"),
        ("ports", "server"),
    ]
