"""The source as the rules read it: its modules, and what each imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("discovery", "observability", "services", "launcher", "benchmarks")
# Those that are installed with the library.
SHIPPED = ("discovery", "observability")

# What loads a module that no import statement names.
BY_NAME = {"__import__", "import_module", "run_module", "run_path"}
# What finds one to load: by an entry point, or by its file.
FINDING = {"entry_points", "module_from_spec", "spec_from_file_location"}


def _modules() -> Iterator[tuple[str, Path]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


MODULES = dict(_modules())


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Every node of a file, which is read once for all rules."""
    return tuple(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


@cache
def imports(path: Path) -> frozenset[str]:
    """Every module that a file names in an import, wherever in the file, or loads by a name that is written there."""
    found: set[str] = set()
    for node in nodes(path):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            submodules = {f"{node.module}.{alias.name}" for alias in node.names}
            found.update(submodules & MODULES.keys() or {node.module})
        elif isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in BY_NAME:
            words = [*node.args[:1], *(word.value for word in node.keywords if word.arg in {"name", "mod_name"})]
            found.update(word.value for word in words if isinstance(word, ast.Constant) and isinstance(word.value, str))
    return frozenset(found)


@cache
def loads_by_name(path: Path) -> bool:
    """Whether a file mentions anything that loads a module without an import statement, however it came by it."""
    words = BY_NAME | FINDING
    return any(
        (isinstance(node, ast.Name) and node.id in words)
        or (isinstance(node, ast.Attribute) and node.attr in words)
        or (isinstance(node, ast.alias) and node.name in words)
        for node in nodes(path)
    )


def within(module: str, prefixes: tuple[str, ...]) -> bool:
    """Whether *module* is one of *prefixes*, or below one."""
    return any(module == prefix or module.startswith(f"{prefix}.") for prefix in prefixes)
