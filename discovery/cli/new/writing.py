"""Writes the files of a new project: all of them, or none."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from discovery.cli.new.naming import package_of

# Under their own names these would be read where they lie, by git and by whoever builds the library.
_DOTTED = frozenset({"env", "gitignore"})


def project(name: str) -> Mapping[str, str]:
    """The files of a project called *name*, by their paths in it."""
    package = package_of(name)
    values = {"PROJECT": name, "PACKAGE": package, "RANGE": _range(version("proconsul"))}
    found: dict[str, str] = {}
    for path, text in _templates(files(__package__) / "project"):
        for word, value in values.items():
            text = text.replace(word, value)  # noqa: PLW2901 - one after the other
        first, _, rest = path.partition("/")
        if first == "package":
            path = f"{package}/{rest}"  # noqa: PLW2901 - likewise
        found[path] = text
    return found


def write(folder: Path, contents: Mapping[str, str]) -> None:
    """Write *contents* into *folder*, which must not be there yet.

    Raises:
        FileExistsError: when it is.
        OSError: when it cannot be written; then nothing is left of it.
    """
    folder.mkdir()
    try:
        for path, text in contents.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _range(released: str) -> str:
    """Of the library, what goes with *released*: up to the next version that may change something."""
    major, minor = (int(part) for part in released.split(".")[:2])
    following = f"{major + 1}" if major else f"0.{minor + 1}"
    return f">={major}.{minor},<{following}"


def _templates(folder: Traversable, below: str = "") -> Iterator[tuple[str, str]]:
    for each in sorted(folder.iterdir(), key=lambda each: each.name):
        if each.is_dir():
            yield from _templates(each, f"{below}{each.name}/")
            continue
        name = each.name.removesuffix(".txt")
        yield f"{below}.{name}" if name in _DOTTED else f"{below}{name}", each.read_text(encoding="utf-8")
