"""What is published of a result: figures, a picture, and a table of a page. All follows from the figures."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from benchmarks.page import part, replaced
from benchmarks.policies.picture import picture
from launcher.development import Report
from launcher.plan import ROOT

FIGURES = ROOT / "benchmarks" / "results" / "policies.json"
PICTURE = ROOT / "docs" / "images" / "policies.svg"
PAGE = ROOT / "docs" / "performance.md"


def publish(report: Report) -> None:
    """Write all three."""
    FIGURES.write_text(f"{json.dumps(report.figures())}\n", encoding="utf-8")
    # As a program reads them: a tuple has become a list.
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))
    PICTURE.write_text(picture(figures), encoding="utf-8")
    PAGE.write_text(replaced(PAGE.read_text(encoding="utf-8"), section(figures)), encoding="utf-8")


def section(figures: Mapping[str, Any]) -> str:
    """The part of the page that is written by a program."""
    versions = ", ".join(f"{name} {text}" for name, text in figures["versions"].items())
    lines = [
        *_balancers(figures["details"]["balancers"]),
        "",
        *_goals(figures["rows"]),
        f"{figures['load']}. {versions}.",
    ]
    return part("./mesh bench policies -- --publish", lines)


def _balancers(played: list[Mapping[str, Any]]) -> Iterator[str]:
    """A line for each balancer, with the loads side by side."""
    loads = dict.fromkeys(each["load"] for each in played)
    found = {(each["name"], each["load"], part): ms for each in played for part, ms in each["ms"].items()}
    columns = list(product(loads, played[0]["ms"]))
    yield f"| ms | {' | '.join(f'{load:.0%}: p{part}' for load, part in columns)} |"
    yield f"|---{'|---:' * len(columns)}|"
    for name in dict.fromkeys(each["name"] for each in played):
        yield f"| {name} | {' | '.join(f'{found[name, *column]:,.0f}' for column in columns)} |"


def _goals(rows: list[Mapping[str, Any]]) -> Iterator[str]:
    """How many goals were met, which were not, and the two that are about all worlds."""
    goals = [row for row in rows if row["reach"]]
    yield f"Of the {len(goals)} goals of the whole run {sum(row['met'] for row in goals)} are met."
    for row in goals:
        if "worlds by chance" in row["what"] or not row["met"]:
            value = f"{row['value']:g} {row['unit']}".rstrip()
            yield f"{row['what'][0].upper()}{row['what'][1:]}: {value} (goal: {row['reach']})."
