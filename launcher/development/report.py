"""What a measurement says: rows with a goal each, and what one needs to know to repeat it."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text


class CannotRun(Exception):
    """Something that the measurement needs is not here; the sentence says what."""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. ``reach`` is the goal in words; ``met`` is true where the figure has none, or only a later one."""

    what: str
    value: float
    unit: str
    reach: str = ""
    met: bool = True

    @property
    def gates(self) -> bool:
        """Whether the goal holds today."""
        return bool(self.reach) and not self.reach.endswith("later")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All figures of one run. ``versions`` has what the measured depends on; ``load`` how it was measured.

    ``details`` are figures for programs, too many to be rows; ``not_run`` says of what is optional why it has no rows.
    """

    name: str
    rows: Sequence[Row]
    load: str
    versions: Mapping[str, str] = field(default_factory=dict)
    seed: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    not_run: Mapping[str, str] = field(default_factory=dict)

    @property
    def met(self) -> bool:
        """Whether every goal was met."""
        return all(row.met for row in self.rows)

    def figures(self) -> dict[str, Any]:
        """All of it, for programs."""
        return {**asdict(self), "versions": {**_surroundings(), **self.versions}, "met": self.met}

    def __rich__(self) -> Group:
        """All of it, for people."""
        table = Table(box=None, pad_edge=False, header_style="dim")
        for column in ("", "what", "value", "goal"):
            table.add_column(column, justify="right" if column == "value" else "left")
        for row in self.rows:
            mark = "[green]✓" if row.met else "[red]✗"
            table.add_row(mark if row.gates else "", row.what, f"{row.value:g} {row.unit}", row.reach)
        where = ", ".join(f"{name} {text}" for name, text in {**_surroundings(), **self.versions}.items())
        missing = "".join(f"not run: {what} ({why})\n" for what, why in self.not_run.items())
        return Group(table, Text(f"{missing}{self.load}\n{where}", style="dim"))


def _surroundings() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        "aiohttp": version("aiohttp"),
        "system": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
    }
