"""What is published of a result: the figures, and a table of a page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from benchmarks.page import part, replaced
from launcher.development import Report
from launcher.plan import ROOT

FIGURES = ROOT / "benchmarks" / "results" / "own.json"
PAGE = ROOT / "docs" / "own.md"
_COMMAND = "./mesh bench own -- --publish"


def publish(report: Report) -> None:
    """Write both."""
    FIGURES.write_text(f"{json.dumps(report.figures())}\n", encoding="utf-8")
    PAGE.write_text(replaced(PAGE.read_text(encoding="utf-8"), section(published())), encoding="utf-8")


def published() -> Mapping[str, Any] | None:
    """The figures of the last run that was published, if there was one."""
    if not FIGURES.exists():
        return None
    figures: Mapping[str, Any] = json.loads(FIGURES.read_text(encoding="utf-8"))
    return figures


def section(figures: Mapping[str, Any] | None) -> str:
    """The part of the page that is written by a program."""
    if figures is None:
        return part(_COMMAND, ["No whole run was published yet."])
    lines = ["| | | goal |", "|---|---:|---|"]
    for row in figures["rows"]:
        value = f"{row['value']:.4g} {row['unit']}".strip()
        lines.append(f"| {row['what']} | {value if row['met'] else f'**{value}**'} | {row['reach']} |")
    lines += ["", *(f"Not run: {name} ({why})." for name, why in figures["not_run"].items())]
    lines += [f"- {each}" for each in figures["load"].splitlines()]
    lines += ["", f"{', '.join(f'{name} {text}' for name, text in figures['versions'].items())}."]
    return part(_COMMAND, lines)
