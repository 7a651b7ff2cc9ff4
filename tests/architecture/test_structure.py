"""The rules of the house, read off the source: who may import whom, who owns what, how long a file may be."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("discovery", "observability", "services")

# What the modules of a room may import of ours. The first prefix that fits a module decides.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "discovery.policy": ("discovery.model", "discovery.policy"),
    "discovery.registry": (
        "discovery.config",
        "discovery.errors",
        "discovery.model",
        "discovery.registry",
        "discovery.variables",
    ),
    "discovery.runtime": (
        "discovery.call_errors",
        "discovery.clock",
        "discovery.config",
        "discovery.errors",
        "discovery.model",
        "discovery.observer",
        "discovery.policy",
        "discovery.registry",
        "discovery.runtime",
        "discovery.variables",
        "discovery.wire",
    ),
    "discovery.devagent": ("discovery",),
    "discovery.testing": ("discovery",),
    "discovery.cli": ("discovery",),
    "discovery.model": (),
    "discovery.wire": (),
    "discovery.clock": (),
    "discovery.errors": (),
    "discovery.call_errors": ("discovery.errors", "discovery.model"),
    "discovery.config": ("discovery.errors", "discovery.model", "discovery.variables"),
    "discovery.variables": (),
    "discovery.lazily": (),
    "discovery.observer": ("discovery.model",),
    "discovery": ("discovery",),
    # A command may use what all commands share.
    "observability.commands": ("observability", "discovery.cli"),
    "observability.lookup": ("observability", "discovery.cli", "discovery.errors", "discovery.model"),
    "observability": (
        "observability",
        "discovery.clock",
        "discovery.errors",
        "discovery.lazily",
        "discovery.model",
        "discovery.observer",
        "discovery.wire",
    ),
    "services.kit": ("services.kit", "discovery", "observability"),
    "services.launcher": ("services.launcher", "discovery", "observability"),
    # No service imports another: they meet over HTTP only.
    **{
        f"services.{service}": (f"services.{service}", "services.kit", "discovery", "observability")
        for service in ("console", "gateway", "laptops", "marketplace", "ports", "recommendations")
    },
    "services": (),
}

# Rooms that exist for developers: nothing in the library may lean on them.
NOT_FOR_THE_LIBRARY = ("discovery.devagent", "discovery.testing", "discovery.cli")

PURE = {
    "__future__",
    "bisect",
    "collections",
    "dataclasses",
    "enum",
    "functools",
    "itertools",
    "math",
    "random",
    "types",
    "typing",
}

# A dependency with opinions lives in one room.
OWNERS = {
    "tenacity": ("discovery.runtime.retrying",),
    "consul": ("discovery.registry",),
    "msgspec": ("discovery.registry", "services.console.ingest"),
    # The console reads what others send: it needs the wire's messages, and nothing of the SDK.
    "opentelemetry": ("observability", "services.console.ingest"),
    "structlog": ("observability",),
    "jinja2": ("services.marketplace",),
    "playwright": ("services.launcher.browser", "services.launcher.pictures"),
    "sqlalchemy": ("services",),
    "pydantic": ("services",),
}


def modules() -> Iterator[tuple[str, Path]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


MODULES = dict(modules())


@cache
def imports(path: Path) -> set[str]:
    """Every module that a file names in an import, wherever in the file."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            submodules = {f"{node.module}.{alias.name}" for alias in node.names}
            found.update(submodules & MODULES.keys() or {node.module})
    return found


def within(module: str, prefixes: tuple[str, ...]) -> bool:
    return any(module == prefix or module.startswith(f"{prefix}.") for prefix in prefixes)


@pytest.mark.parametrize("module", MODULES)
def test_arrows_point_one_way(module: str) -> None:
    room = next(prefix for prefix in MAY_IMPORT if within(module, (prefix,)))
    ours = {name for name in imports(MODULES[module]) if within(name, PACKAGES)}

    assert {name for name in ours if not within(name, MAY_IMPORT[room])} == set()


@pytest.mark.parametrize(
    "module", [m for m in MODULES if within(m, ("discovery",)) and not within(m, NOT_FOR_THE_LIBRARY)]
)
def test_the_library_does_not_lean_on_its_development_rooms(module: str) -> None:
    assert {name for name in imports(MODULES[module]) if within(name, NOT_FOR_THE_LIBRARY)} == set()


@pytest.mark.parametrize(
    "module", [m for m in MODULES if within(m, ("services",)) and not within(m, ("services.launcher",))]
)
def test_services_use_public_names_only(module: str) -> None:
    allowed = {"discovery", "observability", "discovery.wire"}

    assert {n for n in imports(MODULES[module]) if within(n, ("discovery", "observability"))} <= allowed


@pytest.mark.parametrize("module", [m for m in MODULES if within(m, ("discovery.policy",))])
def test_policies_are_pure(module: str) -> None:
    roots = {name.split(".")[0] for name in imports(MODULES[module])}

    assert roots <= PURE | {"discovery"} | ({"collections"} & roots)


@pytest.mark.parametrize("dependency", OWNERS)
def test_a_dependency_has_one_owner(dependency: str) -> None:
    users = {module for module, path in MODULES.items() if any(within(n, (dependency,)) for n in imports(path))}

    assert {user for user in users if not within(user, OWNERS[dependency])} == set()


@pytest.mark.parametrize("module", MODULES)
def test_no_file_is_longer_than_250_lines(module: str) -> None:
    assert len(MODULES[module].read_text(encoding="utf-8").splitlines()) <= 250


@pytest.mark.parametrize("package", ["discovery", "observability"])
def test_the_public_api_is_a_sorted_list_of_what_the_package_imports(package: str) -> None:
    public = importlib.import_module(package)
    tree = ast.parse(MODULES[package].read_text(encoding="utf-8"))
    typed = [node for branch in tree.body if isinstance(branch, ast.If) for node in branch.body]
    home = {
        alias.name: node.module
        for node in [*tree.body, *typed]
        if isinstance(node, ast.ImportFrom) and within(str(node.module), PACKAGES) and node.module != "discovery.lazily"
        for alias in node.names
    }

    assert sorted(home) == sorted(public.__all__)
    assert all(getattr(public, name) is not None for name in public.__all__)
    assert not typed or home == public._HOME
    # Else importing the module would put it in the place of the name.
    assert not {f"{package}.{name}" for name in home} & MODULES.keys()
    assert all(isinstance(node, (ast.ImportFrom, ast.Assign, ast.Expr, ast.If)) for node in tree.body)


def test_the_folder_consul_holds_no_python_so_that_the_installed_package_wins() -> None:
    assert list((ROOT / "consul").rglob("*.py")) == []
    assert "site-packages" in str(importlib.import_module("consul").__file__)


def test_every_module_has_a_docstring() -> None:
    silent = {
        module
        for module, path in MODULES.items()
        if path.read_text(encoding="utf-8").strip()
        and not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    }

    assert silent == set()


def test_the_language_floor_is_what_runs_here_or_below() -> None:
    assert sys.version_info >= (3, 11)
