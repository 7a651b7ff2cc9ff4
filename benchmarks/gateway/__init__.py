"""What the way into the system costs: the gateway and its checks, and the service behind it.

Each module in this folder measures one of these things (:mod:`benchmarks.room`).
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.publication import Publication
from benchmarks.room import Room
from launcher.development import Report
from launcher.plan import ROOT

ROOM = Room(
    "gateway",
    "benchmarks.gateway",
    Publication("./mesh bench gateway -- --publish", "gateway", ROOT / "docs" / "performance.md"),
)


def run(*, quick: bool, words: Sequence[str] = ()) -> Report:
    """Run the modules that *words* name, one after another, or all of them."""
    return ROOM.run(quick=quick, words=words)
