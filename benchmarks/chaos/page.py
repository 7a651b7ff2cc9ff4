"""``python -m benchmarks.chaos.page`` writes the tables of docs/reliability.md anew from the published figures.

Those are what the measurements say with ``--json``, in benchmarks/results/.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks.chaos.beside import FAULTS, WAYS, failed_row, p99_row
from benchmarks.page import part, replaced
from benchmarks.publication import Publication
from launcher.plan import ROOT

FIGURES = ROOT / "benchmarks" / "results" / "chaos-calls.json"
PAGE = ROOT / "docs" / "reliability.md"
COMMAND = "python -m benchmarks.chaos.page"
GATEWAY = Publication("./mesh chaos gateway --json", "chaos-gateway", PAGE)
SHOP = Publication("./mesh chaos shop --json", "chaos-shop", PAGE)
ISOLATION = Publication("./mesh chaos isolation --json", "chaos-isolation", PAGE)


def tables(figures: Mapping[str, Any]) -> str:
    """What the page says of *figures*: every row with its goal, the comparison, and how it was measured."""
    rows = {row["what"]: row for row in figures["rows"]}
    compared = {name(fault, way) for name in (failed_row, p99_row) for fault in FAULTS for way in WAYS}
    plain = [row for what, row in rows.items() if what not in compared]
    parts = [_table(("", "what", "value", "goal"), map(_cells, plain))]
    if compared <= rows.keys():
        parts.append(_table(("fault", *WAYS), (_compared(rows, fault) for fault in FAULTS)))
    parts += [f"Not run: {what} ({why}).\n" for what, why in figures["not_run"].items()]
    versions = ", ".join(f"{name} {text}" for name, text in figures["versions"].items())
    return "\n".join([*parts, f"{figures['load']}; seed {figures['seed']}; {versions}.\n"])


def matrix(figures: Mapping[str, Any] | None) -> str:
    """What the page says of a fault in one service: a line for each, a column for each journey, and what was missed."""
    if figures is None:
        return part(ISOLATION.command, ["No whole run was published yet."])
    seen: dict[str, dict[str, str]] = {}
    for cell, words in figures["details"].items():
        service, fault, journey = cell.split(", ")
        seen.setdefault(f"{service} {fault}", {})[journey] = words
    journeys = [*next(iter(seen.values()))]
    lines = [
        _table(("", *journeys), ((fault, *(each[journey] for journey in journeys)) for fault, each in seen.items()))
    ]
    lines += [f"- **{row['what']}: {row['value']:g} {row['unit']}**" for row in figures["rows"] if not row["met"]]
    versions = ", ".join(f"{name} {text}" for name, text in figures["versions"].items())
    return part(ISOLATION.command, [*lines, f"{figures['load']}; {versions}."])


def _cells(row: Mapping[str, Any]) -> Sequence[str]:
    mark = "" if not row["reach"] else "✓" if row["met"] else "✗"
    return mark, row["what"], f"{row['value']:g} {row['unit']}".strip(), row["reach"]


def _compared(rows: Mapping[str, Mapping[str, Any]], fault: str) -> Sequence[str]:
    cells = [fault]
    for way in WAYS:
        failed, p99 = rows[failed_row(fault, way)], rows[p99_row(fault, way)]
        mark = f"{_cells(failed)[0]} " if failed["reach"] else ""
        cells.append(f"{mark}{failed['value']:g} {failed['unit']} fail, p99 {p99['value']:g} ms")
    return cells


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = (head, ["---"] * len(head), *rows)
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def main() -> None:
    """Write the page."""
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))
    page = replaced(PAGE.read_text(encoding="utf-8"), part(COMMAND, [tables(figures)]))
    for each in (GATEWAY, SHOP):
        page = replaced(page, each.section(each.published()))
    page = replaced(page, matrix(ISOLATION.published()))
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
