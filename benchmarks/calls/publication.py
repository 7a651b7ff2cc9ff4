"""What is published of a result: figures, a picture, and the tables of a page. All follows from the figures."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.calls.picture import picture
from launcher.development import Report
from launcher.plan import ROOT

FIGURES = ROOT / "benchmarks" / "results" / "calls.json"
PICTURE = ROOT / "docs" / "images" / "calls.svg"
PAGE = ROOT / "docs" / "performance.md"

_BEGIN, _END = "<!-- what `./mesh bench calls -- --publish` writes -->", "<!-- to here -->"
_RATIO = re.compile(r"(GET|POST) (.+): (CPU|throughput)")
_MISSED = "**{}**"


def publish(report: Report) -> None:
    """Write all three."""
    figures = report.figures()
    FIGURES.write_text(f"{json.dumps(figures)}\n", encoding="utf-8")
    # As a program reads them: a tuple has become a list.
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))
    PICTURE.write_text(picture(figures), encoding="utf-8")
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    PAGE.write_text(f"{before}{section(figures)}{after}", encoding="utf-8")


def section(figures: Mapping[str, Any]) -> str:
    """The part of the page that is written by a program."""
    versions = ", ".join(f"{name} {text}" for name, text in figures["versions"].items())
    lines = [_BEGIN, "", *_ratios(figures), "", *_others(figures), "", f"{figures['load']}. {versions}.", "", _END]
    return "\n".join(lines)


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
