"""The same clients on another event loop, or by another Python: files of figures of their own, and one table."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.page import part
from launcher.plan import ROOT

RESULTS = ROOT / "benchmarks" / "results"
COMMAND = "./mesh bench calls -- clients --publish"

# Where the figures of the page were measured, with the oldest Python that is supported.
_LOOP, _PYTHON = "asyncio", (3, 11)
_WAYS = ("untraced", "untraced, the public way", "100 % traced", "0 % traced, metrics on")


def figures_of(loop: str, python: tuple[int, int] = sys.version_info[:2]) -> Path | None:
    """Where the figures of such a run belong; ``None`` when it is no other than that of the page."""
    if (loop, python) == (_LOOP, _PYTHON):
        return None
    return RESULTS / f"calls-{loop}-python-{python[0]}.{python[1]}.json"


def published() -> list[Mapping[str, Any]]:
    """All figures that are there."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(RESULTS.glob("calls-*-python-*.json"))]


def section(runs: Sequence[Mapping[str, Any]]) -> str:
    """The table: a line for each run, with the processor time of its calls beside plain ones."""
    lines = [
        f"| × plain, CPU | {' | '.join(f'{way}: {method}' for way in _WAYS for method in ('GET', 'POST'))} |",
        f"|---{'|---:' * (2 * len(_WAYS))}|",
    ]
    for run in runs:
        rows = {row["what"]: row for row in run["rows"]}
        cells = [_cell(rows[f"{method} by mesh, {way}: CPU"]) for way in _WAYS for method in ("GET", "POST")]
        lines.append(f"| {run['load'].rpartition('; ')[2]}, Python {run['versions']['python']} | {' | '.join(cells)} |")
    return part(COMMAND, lines)


def _cell(row: Mapping[str, Any]) -> str:
    return f"{row['value']:.2f}" if row["met"] else f"**{row['value']:.2f}**"
