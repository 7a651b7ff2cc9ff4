"""What is published of a result: figures, a picture, and the tables of a page. All follows from the figures."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.calls import elsewhere
from benchmarks.calls.picture import picture
from benchmarks.page import part, replaced
from launcher.development import Report
from launcher.plan import ROOT

FIGURES = ROOT / "benchmarks" / "results" / "calls.json"
PICTURE = ROOT / "docs" / "images" / "calls.svg"
PAGE = ROOT / "docs" / "performance.md"

_RATIO = re.compile(r"(GET|POST) (.+): (CPU|throughput)")
_MISSED = "**{}**"


def publish(report: Report, loop: str) -> None:
    """Write all three; of a run on another *loop*, or by another Python, its figures and their table."""
    other = elsewhere.figures_of(loop)
    figures = other or FIGURES
    figures.write_text(f"{json.dumps(report.figures())}\n", encoding="utf-8")
    if other:
        written = elsewhere.section(elsewhere.published())
    else:
        # As a program reads them: a tuple has become a list.
        read = json.loads(figures.read_text(encoding="utf-8"))
        PICTURE.write_text(picture(read), encoding="utf-8")
        written = section(read)
    PAGE.write_text(replaced(PAGE.read_text(encoding="utf-8"), written), encoding="utf-8")


def section(figures: Mapping[str, Any]) -> str:
    """The part of the page that is written by a program."""
    versions = ", ".join(f"{name} {text}" for name, text in figures["versions"].items())
    lines = [*_ratios(figures), "", *_others(figures), "", f"{figures['load']}. {versions}."]
    return part("./mesh bench calls -- --publish", lines)


def _ratios(figures: Mapping[str, Any]) -> Iterator[str]:
    """A line for each that is compared, with GET and POST side by side."""
    lines: dict[str, dict[str, str]] = {}
    goals: dict[str, str] = {}
    for row in figures["rows"]:
        if (found := _RATIO.fullmatch(row["what"])) and row["unit"].startswith("×"):
            method, what, kind = found.groups()
            value = f"{row['value']:.2f}"
            what = f"{what} ({row['unit']})"
            lines.setdefault(what, {})[f"{method} {kind}"] = value if row["met"] else _MISSED.format(value)
            if row["reach"]:
                goals[what] = row["reach"]
    columns = ("GET CPU", "POST CPU", "GET throughput", "POST throughput")
    yield f"| | {' | '.join(columns)} | goal for CPU |"
    yield f"|---{'|---:' * len(columns)}|---|"
    for what, cells in lines.items():
        yield f"| {what} | {' | '.join(cells.get(each, '') for each in columns)} | {goals.get(what, '')} |"


def _others(figures: Mapping[str, Any]) -> Iterator[str]:
    """A line for every other figure."""
    yield "| | | goal |"
    yield "|---|---:|---|"
    for row in figures["rows"]:
        if not (_RATIO.fullmatch(row["what"]) and row["unit"].startswith("×")):
            value = f"{row['value']:,g} {row['unit']}"
            yield f"| {row['what']} | {value if row['met'] else _MISSED.format(value)} | {row['reach']} |"
