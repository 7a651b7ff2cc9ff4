"""The shop on a good day: its APIs against their documents, what its pages take, and how much it sells.

Each module in this folder measures one thing (:mod:`benchmarks.room`).
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.publication import Publication
from benchmarks.room import Room
from launcher.development import Report
from launcher.plan import ROOT

ROOM = Room(
    "shop",
    "benchmarks.shop",
    Publication("./mesh bench shop -- --publish", "shop", ROOT / "docs" / "reliability.md"),
)


def run(*, quick: bool, words: Sequence[str] = ()) -> Report:
    """Run the modules that *words* name, one after another, or all of them."""
    return ROOM.run(quick=quick, words=words)
