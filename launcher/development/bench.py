"""`mesh bench` and `mesh chaos`: run one of the modules in a folder that have a function ``run``.

A benchmark whose ``run`` has a parameter ``words`` is given those that stand after ``--``.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from discovery.errors import ConfigError
from launcher.development.report import CannotRun, Report
from launcher.plan import ROOT


def run_bench(name: str | None, words: Sequence[str] = (), *, quick: bool, as_json: bool) -> int:
    """Run the benchmark; 1 when a goal was missed. Without a name, list what there is.

    Raises:
        ConfigError: when there is no such benchmark, or it lacks something.
    """
    return _run("benchmark", "", name, words, as_json=as_json, quick=quick)


def run_chaos(name: str | None, *, quick: bool, as_json: bool, only: Sequence[str], consul: str, envoy: bool) -> int:
    """Break things, and measure what is lost; otherwise like :func:`run_bench`.

    Raises:
        ConfigError: when there is no such measurement or scenario, or it lacks something.
    """
    options: dict[str, Any] = {"quick": quick, "only": only, "consul": consul, "envoy": envoy}
    return _run("measurement under faults", "chaos", name, as_json=as_json, **options)


def _run(kind: str, room: str, name: str | None, words: Sequence[str] = (), *, as_json: bool, **options: Any) -> int:
    known = benchmarks(ROOT / "benchmarks" / room)
    if name is None:
        for each, sentence in known.items():
            Console(highlight=False).print(f"[bold]{each:8}[/] {sentence}", soft_wrap=True)
        return 0
    if name not in known:
        raise ConfigError(f"there is no {kind} {name!r}; there are {', '.join(known)}")
    try:
        module = f"{room}.{name}".removeprefix(".")
        run = importlib.import_module(f"benchmarks.{module}").run
        if words:
            if "words" not in inspect.signature(run).parameters:
                raise ConfigError(f"{name} takes nothing after --")
            options["words"] = words
        report: Report = run(**options)
    except CannotRun as exc:
        raise ConfigError(f"{name} cannot run: {exc}") from None
    if as_json:
        print(json.dumps(report.figures()))  # noqa: T201 - this is the answer, and rich would wrap it
    else:
        Console(highlight=False).print(report)
    return 0 if report.met else 1


def benchmarks(folder: Path) -> dict[str, str]:
    """Every benchmark in *folder*, with the first line of what it says about itself."""
    found = {}
    for path in sorted([*folder.glob("*.py"), *folder.glob("*/__init__.py")], key=_name):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if any(isinstance(node, ast.FunctionDef) and node.name == "run" for node in tree.body):
            found[_name(path)] = (ast.get_docstring(tree) or "").partition("\n")[0]
    return found


def _name(path: Path) -> str:
    return path.parent.name if path.stem == "__init__" else path.stem
