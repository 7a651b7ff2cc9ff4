"""The wheel holds the library and nothing else: all that it brings is taken from everybody who installs it."""

from __future__ import annotations

import json
import re
import zipfile
from configparser import ConfigParser
from fnmatch import fnmatch
from pathlib import Path

import pytest

from launcher.commands import ALL
from tests.packaging.building import ROOT, metadata, text, wheel_names

STATIC = "observability/console/static"

PROJECT = "discovery/cli/new/project"

# The only files that are no Python: the page, what `mesh new` writes, and what says that the packages are typed.
OTHERS = (f"{STATIC}/*", f"{PROJECT}/*", "*/py.typed", "observability/console/README.md", "proconsul-*.dist-info/*")


def test_only_the_two_packages_are_at_its_top(wheel: Path) -> None:
    tops = {name.partition("/")[0] for name in wheel_names(wheel)}

    assert {top for top in tops if not top.endswith(".dist-info")} == {"discovery", "observability"}
    assert len(tops) == 3


def test_beside_python_there_is_the_page_and_nothing_else(wheel: Path) -> None:
    others = {name for name in wheel_names(wheel) if not name.endswith(".py")}

    assert {name for name in others if not any(fnmatch(name, known) for known in OTHERS)} == set()


def test_every_module_and_every_file_of_the_page_is_there(wheel: Path) -> None:
    wanted = [path for package in ("discovery", "observability") for path in (ROOT / package).rglob("*.py")]
    wanted += [path for folder in (STATIC, PROJECT) for path in (ROOT / folder).rglob("*") if path.is_file()]

    assert {str(path.relative_to(ROOT)) for path in wanted} - wheel_names(wheel) == set()
    assert {f"{STATIC}/index.html", "discovery/py.typed", "observability/py.typed"} <= wheel_names(wheel)


def test_what_others_wrote_comes_with_its_licence(wheel: Path) -> None:
    vendor = f"{STATIC}/vendor"
    folders = {name.removeprefix(f"{vendor}/").partition("/")[0] for name in wheel_names(wheel) if vendor in name}
    folders -= {"README.md", "manifest.json"}
    manifest = json.loads((ROOT / vendor / "manifest.json").read_text(encoding="utf-8"))

    assert len(folders) >= 4
    assert manifest
    for folder in folders:
        assert [name for name in wheel_names(wheel) if fnmatch(name, f"{vendor}/{folder}/LICENSE*.txt")], folder
    assert [name for name in wheel_names(wheel) if name.endswith(".woff2")]
    assert "Apache License" in text(wheel, "licenses/LICENSE")


def test_it_advises_nobody_to_run_what_only_this_repository_has(wheel: Path) -> None:
    names = "|".join(sorted({str(command.name) for command in ALL}))
    ours = re.compile(rf"\./mesh\b|\bmesh ({names})\b")
    with zipfile.ZipFile(wheel) as archive:
        texts = {
            name: archive.read(name).decode()
            for name in wheel_names(wheel)
            if name.endswith((".py", ".md", ".js", ".html", ".css")) and "/vendor/" not in name
        }

    assert len(texts) > 100
    assert {name: found[0] for name, said in texts.items() if (found := ours.search(said))} == {}


def test_it_is_small(wheel: Path) -> None:
    assert wheel.stat().st_size <= 1_500_000


def test_the_extras_are_those_that_a_user_has_a_use_for(wheel: Path) -> None:
    said = metadata(wheel)

    extras = {"all", "cli", "console", "observability", "prometheus", "testing", "web", "zipkin"}
    assert set(said.get_all("Provides-Extra", [])) == extras
    assert said["License-Expression"] == "Apache-2.0"


@pytest.mark.parametrize("package", ["hypothesis", "mypy", "ruff", "rich", "playwright", "hatchling", "jinja2"])
def test_what_only_this_repository_needs_is_asked_of_nobody(wheel: Path, package: str) -> None:
    assert [each for each in metadata(wheel).get_all("Requires-Dist", []) if each.lower().startswith(package)] == []


def test_it_brings_one_program_and_the_commands_of_observability(wheel: Path) -> None:
    points = ConfigParser()
    points.read_string(text(wheel, "entry_points.txt"))

    assert {section: dict(points[section]) for section in points.sections()} == {
        "console_scripts": {"mesh": "discovery.cli.script:main"},
        "mesh.commands": {
            "console": "observability.commands:console",
            "trace": "observability.commands:trace",
        },
        "mesh.observers": {"opentelemetry": "observability:observer"},
        "pytest11": {"proconsul": "discovery.testing.plugin"},
    }
