"""What is published of a result: the figures, and a table of a page with a line for each row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.page import part, replaced
from launcher.development import Report
from launcher.plan import ROOT


@dataclass(frozen=True, slots=True)
class Publication:
    """Where a *command* publishes: a file of figures by its *name*, and its part of a *page* of the documents."""

    command: str
    name: str
    page: Path

    @property
    def figures(self) -> Path:
        """The file of the figures."""
        return ROOT / "benchmarks" / "results" / f"{self.name}.json"

    def publish(self, report: Report) -> None:
        """Write both."""
        self.figures.write_text(f"{json.dumps(report.figures())}\n", encoding="utf-8")
        page = self.page.read_text(encoding="utf-8")
        self.page.write_text(replaced(page, self.section(self.published())), encoding="utf-8")

    def published(self) -> Mapping[str, Any] | None:
        """The figures of the last run that was published, if there was one."""
        if not self.figures.exists():
            return None
        figures: Mapping[str, Any] = json.loads(self.figures.read_text(encoding="utf-8"))
        return figures

    def section(self, figures: Mapping[str, Any] | None) -> str:
        """The part of the page that is written by a program."""
        if figures is None:
            return part(self.command, ["No whole run was published yet."])
        lines = ["| | | goal |", "|---|---:|---|"]
        for row in figures["rows"]:
            value = f"{row['value']:.4g} {row['unit']}".strip()
            lines.append(f"| {row['what']} | {value if row['met'] else f'**{value}**'} | {row['reach']} |")
        lines += ["", *(f"Not run: {name} ({why})." for name, why in figures["not_run"].items())]
        lines += [f"- {each}" for each in figures["load"].splitlines()]
        lines += ["", f"{', '.join(f'{name} {text}' for name, text in figures['versions'].items())}."]
        return part(self.command, lines)
