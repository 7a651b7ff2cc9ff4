from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path

import opentelemetry.semconv._incubating.attributes as incubating
import opentelemetry.semconv._incubating.metrics as incubating_metrics
import opentelemetry.semconv.attributes as stable
import opentelemetry.semconv.metrics as stable_metrics
import pytest
from opentelemetry.semconv.metrics import http_metrics
from opentelemetry.semconv.schemas import Schemas

from observability import config, semconv

NAMES = {
    value
    for name, value in vars(semconv).items()
    if name.isupper() and isinstance(value, str) and re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", value)
}
DOCUMENT = (Path(__file__).parents[2] / "docs/telemetry.md").read_text(encoding="utf-8")


def known() -> set[str]:
    """Every name of the conventions that the installed package knows."""
    found: set[str] = {http_metrics.HTTP_CLIENT_REQUEST_DURATION, http_metrics.HTTP_SERVER_REQUEST_DURATION}
    for package in (stable, incubating, stable_metrics, incubating_metrics):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            found.update(value for value in vars(importlib.import_module(module.name)).values() if type(value) is str)
    return found


def test_a_name_is_the_conventions_or_begins_with_ours() -> None:
    assert len(NAMES) > 25
    assert {name for name in NAMES - known() if not name.startswith("mesh.")} == set()


def test_the_schema_is_the_one_that_is_installed() -> None:
    assert semconv.SCHEMA_URL in {schema.value for schema in Schemas}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_name_is_explained_and_declared_once(name: str) -> None:
    assert f"`{name}`" in DOCUMENT
    values = [value for key, value in vars(semconv).items() if key.isupper()]
    assert values.count(name) == 1


def test_no_other_module_spells_a_name_out() -> None:
    folder = Path(semconv.__file__).parent
    spelled = {
        (path.name, name)
        for path in folder.glob("*.py")
        if path.name != "semconv.py"
        for name in NAMES
        if f'"{name}"' in path.read_text(encoding="utf-8")
    }
    assert spelled == set()


def test_every_mesh_name_in_the_document_exists() -> None:
    assert set(re.findall(r"`(mesh\.[a-z._]+)`", DOCUMENT)) <= NAMES


@pytest.mark.parametrize("variable", config.VARIABLES)
def test_every_variable_is_explained(variable: str) -> None:
    assert f"`{variable}`" in DOCUMENT
