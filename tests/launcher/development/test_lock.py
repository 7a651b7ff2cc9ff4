"""`mesh lock`, and what it wrote: an image holds what its service imports, at the versions that were tested."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from discovery.errors import ConfigError
from launcher.development.environment import LAST_LINE
from launcher.development.lock import write_lock
from launcher.plan import CONSOLE, ROOT, SYSTEM, module_of
from tests.launcher.development.running import OURS, modules

EVERY = [ROOT / "pyproject.toml", *(ROOT / "services").glob("*/pyproject.toml")]
PROJECTS = [tomllib.loads(path.read_text()) for path in EVERY]
PROJECT = PROJECTS[0]["project"]
KIT = tomllib.loads((ROOT / "services/kit/pyproject.toml").read_text())["project"]
# What is built here, and in no lock.
BUILT = {PROJECT["name"], KIT["name"]}
# Which extra of the kit brings what its rooms import.
EXTRAS = {"services.kit.data": "data", "services.kit.auth": "auth", "services.kit.pages": "pages"}
# SQLAlchemy finds its driver by the database's URL, and its bridge to asyncio when it is first used.
UNSEEN = {
    "services.kit.data.postgresql": {"asyncpg", "greenlet"},
    # Its extra brings `mesh console` as well, without which an image starts it.
    "observability.console.__main__": {"click"},
}
# The kit imports it in who sends or takes events alone, and these ask for the extra that brings it.
ONLY_FOR = {"aio-pika": "events"}

# Writes what it was told after what it found, as far as the test lets it.
_UV = """#!/bin/sh
for output; do :; done
case "$*" in *"${FAIL_AT:-nowhere}"*) exit 1 ;; esac
echo "$*" >>"$output"
"""


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "uv").write_text(_UV)
    (tmp_path / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    for lock in locks(tmp_path).values():
        lock.parent.mkdir(parents=True)
    return tmp_path


def locks(root: Path) -> dict[str, Path]:
    return {name: root / module_of(name).replace(".", "/") / "requirements.lock" for name in SYSTEM}


def test_every_lock_is_written_whole_with_its_last_line(checkout: Path) -> None:
    everything = write_lock(checkout)
    assert everything == checkout / "requirements.lock"
    assert "--all-extras --group dev" in everything.read_text()
    for name, lock in locks(checkout).items():
        asked, last = lock.read_text().splitlines()
        of = "pyproject.toml --extra console" if name == "console" else f"services/{name}/pyproject.toml"
        assert f"compile {of} --constraint" in asked
        assert name == "console" or f"services/{name}/pyproject.toml" in everything.read_text()
        assert last == LAST_LINE
    assert not list(checkout.rglob("*.half"))


@pytest.mark.parametrize("upgrade", [False, True])
def test_what_is_locked_stays_unless_there_is_to_be_an_upgrade(checkout: Path, upgrade: bool) -> None:
    (checkout / "requirements.lock").write_text("click==8.5.1\n")
    assert write_lock(checkout, upgrade=upgrade).read_text().startswith("click==8.5.1\n") is not upgrade


@pytest.mark.parametrize("missing", ["--group dev", "--extra console", "compile services/marketplace"])
def test_locks_that_cannot_be_made_leave_the_old_ones(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    old = {path: path.write_text("old") for path in (checkout / "requirements.lock", *locks(checkout).values())}
    monkeypatch.setenv("FAIL_AT", missing)
    with pytest.raises(ConfigError, match="could not solve"):
        write_lock(checkout)
    assert {path.read_text() for path in old} == {"old"}


def test_without_uv_no_lock_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="pip install uv"):
        write_lock(tmp_path)


@cache
def locked(lock: Path) -> dict[str, tuple[str, frozenset[str]]]:
    """The version and the hashes of each package in *lock*."""
    text = lock.read_text()
    assert text.endswith(f"\n{LAST_LINE}\n")
    found = {}
    for pin in re.split(r"\n(?=\S)", text.removesuffix(f"\n{LAST_LINE}\n")):
        name, version = re.match(r"([a-z0-9-]+)==(\S+)", pin).groups()  # type: ignore[union-attr]  # else no lock
        found[name] = version, frozenset(re.findall(r"--hash=(sha256:[0-9a-f]{64})", pin))
    return found


EVERYTHING = ROOT / "requirements.lock"


def test_the_lock_holds_every_requirement_of_the_project_with_hashes() -> None:
    wanted = [
        *(each for project in PROJECTS for each in project["project"]["dependencies"]),
        *(each for project in (PROJECT, KIT) for extra in project["optional-dependencies"].values() for each in extra),
        *PROJECTS[0]["dependency-groups"]["dev"],
    ]
    assert {Requirement(each).name for each in wanted} - BUILT <= locked(EVERYTHING).keys()
    assert all(hashes for _, hashes in locked(EVERYTHING).values())


@pytest.mark.parametrize("service", SYSTEM)
def test_a_service_has_the_versions_and_hashes_that_everything_has(service: str) -> None:
    assert locked(locks(ROOT)[service]).items() <= locked(EVERYTHING).items()


@pytest.mark.parametrize("service", SYSTEM)
def test_the_lock_of_a_service_holds_what_it_imports_and_what_that_needs(service: str) -> None:
    assert needed(imported(service), here=True) <= locked(locks(ROOT)[service]).keys()


@pytest.mark.parametrize("service", SYSTEM)
def test_the_lock_of_a_service_holds_nothing_else(service: str) -> None:
    asked = {f"{PROJECT['name']}[console]"} if service == CONSOLE else set(declared(service)["dependencies"])
    assert locked(locks(ROOT)[service]).keys() <= needed(imported(service) | brought(asked), here=False)


@pytest.mark.parametrize("service", [name for name in SYSTEM if name != CONSOLE])
def test_a_service_asks_for_the_rooms_of_the_kit_that_it_enters(service: str) -> None:
    asked = {each.name: each for each in map(Requirement, declared(service)["dependencies"])}
    entered = {EXTRAS[room] for module in modules(service) for room in EXTRAS if f"{module}.".startswith(f"{room}.")}
    assert entered <= asked[KIT["name"]].extras


def test_services_differ_in_what_they_need() -> None:
    assert "sqlalchemy" not in locked(locks(ROOT)["gateway"])
    assert "argon2-cffi" not in locked(locks(ROOT)["laptops"])
    assert {name for name in SYSTEM if "opentelemetry-proto-json" in locked(locks(ROOT)[name])} == {"console"}


def declared(service: str) -> dict[str, Any]:
    """What its pyproject.toml says of the project."""
    project: dict[str, Any] = tomllib.loads((locks(ROOT)[service].parent / "pyproject.toml").read_text())["project"]
    return project


def brought(asked: Iterable[str]) -> set[str]:
    """The distributions that *asked* brings, through what is built here and whatever extras of it are named."""
    found: set[str] = set()
    for each in map(Requirement, asked):
        project = {PROJECT["name"]: PROJECT, KIT["name"]: KIT}.get(each.name)
        if project is None:
            found.add(canonicalize_name(each.name))
            continue
        extras = (project["optional-dependencies"][extra] for extra in each.extras)
        found |= brought([*project["dependencies"], *(one for extra in extras for one in extra)])
    return found


def imported(service: str) -> set[str]:
    """The distributions that running *service* may import."""
    found: set[str] = set()
    for module in modules(service):
        found |= UNSEEN.get(module, set())
        if not module.startswith(OURS) and (distribution := owner(module)):
            found.add(distribution)
    return found - {each for each, extra in ONLY_FOR.items() if extra not in extras(service)}


def extras(service: str) -> set[str]:
    """The rooms of the kit that *service* asks for."""
    asked = [] if service == CONSOLE else map(Requirement, declared(service)["dependencies"])
    return {extra for each in asked if each.name == KIT["name"] for extra in each.extras}


def owner(module: str) -> str | None:
    """Who brings *module*; ``None`` for the standard library, and for what is a name inside a module.

    Several distributions share one namespace, as OpenTelemetry's do: the longest path decides.
    """
    root = module.partition(".")[0]
    if root in sys.stdlib_module_names:
        return None
    parts = module.split(".")
    for end in range(len(parts), 0, -1):
        if distribution := files().get("/".join(parts[:end])):
            return distribution
    # A namespace belongs to nobody. What is not there at all would else go unnoticed.
    assert any(path.startswith(f"{root}/") for path in files()), f"nobody brings {module}"
    return None


@cache
def files() -> dict[str, str]:
    """Who brings which module, among what is locked."""
    found: dict[str, str] = {}
    for name in locked(EVERYTHING):
        try:
            brought = metadata.distribution(name).files or []
        except metadata.PackageNotFoundError:
            continue  # for another system
        for file in brought:
            if file.suffix in {".py", ".so"}:
                path = file.parent.as_posix() if file.stem == "__init__" else (file.parent / stem(file.name)).as_posix()
                found[path] = name
    return found


def stem(name: str) -> str:
    """The module's name; that of a binary is followed by what it was built for."""
    return name.partition(".")[0]


def needed(names: Iterable[str], *, here: bool) -> set[str]:
    """*names* with all that they need, *here*, or else on whatever system and Python."""
    found: set[tuple[str, str]] = set()
    todo = [(name, "") for name in names]
    while todo:
        one = todo.pop()
        if one not in found:
            found.add(one)
            todo += requirements(*one, here=here)
    return {name for name, _ in found}


def requirements(name: str, extra: str, *, here: bool) -> Iterator[tuple[str, str]]:
    try:
        texts = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return
    for each in map(Requirement, texts):
        of_extra = "extra ==" in str(each.marker)
        holds = each.marker is None or each.marker.evaluate({"extra": extra})
        if holds or (not here and not of_extra):
            yield canonicalize_name(each.name), ""
            yield from ((canonicalize_name(each.name), wanted) for wanted in each.extras)
