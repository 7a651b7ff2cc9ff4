"""A folder of measurements, each a module that is run by being there.

Such a module has

    async def rows(*, quick: bool) -> Sequence[Row]

which measures in an event loop of its own, alone on this machine, prints nothing, and raises ``CannotRun`` with a
sentence where something it needs is not here. The first line of its docstring says how it measures. A row without a
goal is told beside the others (``Row`` and ``CannotRun`` are those of ``launcher.development``); with *quick* a module
gives the same rows, less certain. Chance comes from :data:`SEED`. Names after ``--`` are the modules to run.
"""

from __future__ import annotations

import ast
import asyncio
import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.publication import Publication
from launcher.development import CannotRun, Report, Row
from launcher.plan import ROOT

_PUBLISH = "--publish"
# Where the chance of these measurements begins.
SEED = 1


@dataclass(frozen=True, slots=True)
class Room:
    """The measurements of one command: its *name*, the *package* that has the modules, and where it publishes."""

    name: str
    package: str
    publication: Publication

    @property
    def folder(self) -> Path:
        """Where the modules are."""
        return ROOT / Path(*self.package.split("."))

    def run(self, *, quick: bool, words: Sequence[str] = ()) -> Report:
        """Run the modules that *words* name, one after another, or all of them."""
        known = self.measurements()
        names = [word for word in words if word != _PUBLISH]
        if unknown := set(names) - set(known):
            raise CannotRun(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(known)} and {_PUBLISH}")
        if _PUBLISH in words and (names or quick):
            raise CannotRun(f"{_PUBLISH} publishes the whole")
        report = self.measured(names or list(known), quick=quick)
        if _PUBLISH in words:
            self.publication.publish(report)
        return report

    def measured(self, names: Sequence[str], *, quick: bool) -> Report:
        """The rows of all modules *names*; one that cannot run takes no other with it.

        Raises:
            CannotRun: when none could.
        """
        rows: list[Row] = []
        load: list[str] = []
        not_run: dict[str, str] = {}
        for name in names:
            module = importlib.import_module(f"{self.package}.{name}")
            try:
                rows += asyncio.run(module.rows(quick=quick))
            except CannotRun as why:
                not_run[name] = str(why)
            else:
                load.append(f"{name}: {(module.__doc__ or '').partition(chr(10))[0]}")
        if not rows:
            raise CannotRun("; ".join(f"{name}: {why}" for name, why in not_run.items()) or "there is nothing to run")
        return Report(name=self.name, rows=rows, load="\n".join(load), seed=SEED, not_run=not_run)

    def measurements(self) -> Mapping[str, str]:
        """The modules that have ``rows``, with the first line of what each says about itself."""
        return dict(_found(self.folder))


def _found(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if any(isinstance(node, ast.AsyncFunctionDef) and node.name == "rows" for node in tree.body):
            yield path.stem, (ast.get_docstring(tree) or "").partition("\n")[0]
