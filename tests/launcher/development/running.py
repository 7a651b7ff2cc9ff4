"""The modules that running a service may import, read off the source."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import discovery
import observability
from launcher.plan import ROOT, module_of

OURS = ("discovery", "observability", "services")
# Names that are loaded when they are used, each from its own module.
LAZY: dict[str, dict[str, str]] = {package.__name__: package._HOME for package in (discovery, observability)}


@cache
def modules(service: str) -> frozenset[str]:
    """All that running *service* may import, through whatever module of ours."""
    seen: set[str] = set()
    todo = [f"{module_of(service)}.__main__"]
    while todo:
        module = todo.pop()
        if module in seen:
            continue
        seen.add(module)
        if module.partition(".")[0] in OURS and (path := source(module)):
            todo += [module.rpartition(".")[0]] if "." in module else []
            todo += imports(path)
    assert len(seen) > 50
    return frozenset(seen)


def source(module: str) -> Path | None:
    place = ROOT.joinpath(*module.split("."))
    return next((path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()), None)


@cache
def imports(path: Path) -> tuple[str, ...]:
    """Every module that a file may import, wherever in the file; some of the names are of no module."""
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [node.module, *(home(node.module, alias.name) for alias in node.names)]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in LAZY:
            found.append(home(node.value.id, node.attr))
    if path.parent.name in LAZY and path.name == "__init__.py":
        # What stands there for type checkers is loaded by whoever uses it.
        return ("discovery.lazily",)
    return tuple(found)


def home(module: str, name: str) -> str:
    """Where *name* of *module* comes from."""
    return LAZY.get(module, {}).get(name, f"{module}.{name}")
