"""What a team sees that puts it into a project of its own: installing, importing, a first project, a bad day.

Each module in this folder measures one of these things (:mod:`benchmarks.room`).
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.publication import Publication
from benchmarks.room import Room
from launcher.development import Report
from launcher.plan import ROOT

ROOM = Room(
    "own",
    "benchmarks.own",
    Publication("./mesh bench own -- --publish", "own", ROOT / "docs" / "own.md"),
)


def run(*, quick: bool, words: Sequence[str] = ()) -> Report:
    """Run the modules that *words* name, one after another, or all of them."""
    return ROOM.run(quick=quick, words=words)
