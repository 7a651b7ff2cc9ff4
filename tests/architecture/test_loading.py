"""Who loads modules without an import statement: few, each for a reason, since the other rules do not see what."""

from __future__ import annotations

import ast

from tests.architecture.source import BY_NAME, MODULES, imports, loads_by_name, within

LOADERS = {
    # The modules that a package's own table names, checked with its public names.
    "discovery.lazily",
    # A module of python-consul2 without the package that it is in, which takes long.
    "discovery.registry.consul_base",
    # Commands: the library's by name, other packages' by entry point.
    "discovery.cli.main",
    # An observer, by entry point.
    "discovery.cli.call",
    # Benchmarks, and nothing else; see below.
    "launcher.development.bench",
    # The measurements of a folder, likewise.
    "benchmarks.room",
    # Whether this Python can make environments.
    "launcher.development.environment",
    # The command itself, once what it needs is there.
    "launcher.start",
}


def test_only_these_load_modules_by_name() -> None:
    assert {module for module, path in MODULES.items() if loads_by_name(path)} == LOADERS


def test_a_benchmark_is_run_by_its_name_and_imported_by_nobody() -> None:
    # They use the face of the room that runs them, so an import would close a circle.
    bench = ast.parse(MODULES["launcher.development.bench"].read_text(encoding="utf-8"))
    loaded = [
        ast.unparse(node.args[0])
        for node in ast.walk(bench)
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in BY_NAME
    ]

    assert loaded == ["f'benchmarks.{module}'"]
    assert {
        module
        for module, path in MODULES.items()
        if not within(module, ("benchmarks",)) and any(within(name, ("benchmarks",)) for name in imports(path))
    } == set()
