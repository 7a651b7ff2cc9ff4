"""The library's names: whether something of the user's is in the way of ``import discovery``.

Python takes the first place on its path that has a package or a module of the name. A folder without ``__init__.py``
is only taken when no place has one, so there the library wins, and what is in the folder cannot be imported.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from importlib.machinery import all_suffixes
from pathlib import Path

from discovery.cli.doctor.finding import Finding, ok, problem, warning

_ID = "names"
NAMES = ("discovery", "observability")


class Kind(Enum):
    """What a place holds under one of our names, as Python would see it."""

    OURS = "the library itself"
    SHADOW = "a package or a module"
    SHADOWED = "a folder with modules, and without __init__.py"


@dataclass(frozen=True, slots=True)
class Occupant:
    """Something that has a name of ours, where Python looks for it.

    ``chosen`` says that PYTHONPATH names the place; else it is the current directory.
    """

    name: str
    path: Path
    kind: Kind
    chosen: bool = False


def judge_names(occupants: Iterable[Occupant]) -> list[Finding]:
    """Judge *occupants*, who are in the order in which Python would look at them."""
    found: list[Finding] = []
    reached: set[str] = set()
    for each in occupants:
        if each.kind is Kind.OURS:
            reached.add(each.name)
        elif each.kind is Kind.SHADOWED:
            text = f"{each.path} has no __init__.py: `import {each.name}` is the library, and never what is in there"
            found.append(warning(_ID, text, f"rename it, if {each.name}.* is to be imported from it"))
        elif each.name not in reached:
            away = f"take {each.path.parent} out of PYTHONPATH" if each.chosen else "run from another folder"
            text = f"{each.path} is in the way of the library: it is what `import {each.name}` finds there"
            found.append(problem(_ID, text, f"rename it, or {away}"))
    return found or [ok(_ID, f"nothing here is in the way of the names {' and '.join(NAMES)}")]


def look_for_names(environ: Mapping[str, str], here: Path, library: Path) -> Iterator[Occupant]:
    """Everything that has one of our names where Python looks before it comes to the library, which is in *library*."""
    for place, chosen in _places(environ, here):
        for name in NAMES:
            for path, kind in _occupants(place, name, library):
                yield Occupant(name, path, kind, chosen)


def _places(environ: Mapping[str, str], here: Path) -> Iterator[tuple[Path, bool]]:
    if not environ.get("PYTHONSAFEPATH"):
        yield here, False
    if said := environ.get("PYTHONPATH", ""):
        for entry in said.split(os.pathsep):
            yield here / entry, True  # an empty entry is the current directory


def _occupants(place: Path, name: str, library: Path) -> Iterator[tuple[Path, Kind]]:
    """A folder that is a package beats a module beside it, and a module beats a folder that is none."""
    folder = place / name
    module = _module(place, name)
    if _module(folder, "__init__"):
        ours = folder.resolve() == (library / name).resolve()
        yield folder, Kind.OURS if ours else Kind.SHADOW
        return
    if module:
        yield module, Kind.SHADOW
    if _has_modules(folder):
        yield folder, Kind.SHADOWED


def _module(folder: Path, name: str) -> Path | None:
    candidates = (folder / f"{name}{suffix}" for suffix in all_suffixes())
    return next((path for path in candidates if path.is_file()), None)


def _has_modules(folder: Path) -> bool:
    """Whether *folder* holds what somebody might wish to import: a module, or a package."""
    try:
        inside = list(folder.iterdir())
    except OSError:  # there is none, or it may not be looked into, not even by Python
        return False
    return any(path.name.endswith(tuple(all_suffixes())) or _module(path, "__init__") for path in inside)
