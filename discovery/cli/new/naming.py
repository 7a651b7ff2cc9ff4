"""What a project may be called: its folder and its distribution by that name, its package likewise with underscores."""

from __future__ import annotations

import keyword
import re
import sys

_SHAPE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
# As long as a label of a host's name.
_LONGEST = 63
# What the project itself imports, or would hide.
_TAKEN = frozenset(
    {
        "aiohttp",
        "consul",
        "discovery",
        "observability",
        "proconsul",
        "pytest",
        "test",
        "tests",
        *sys.stdlib_module_names,
    }
)


def package_of(name: str) -> str:
    """The package of a project called *name*."""
    return name.replace("-", "_")


def objection(name: str) -> str:
    """Why a project cannot be called *name*; empty when it can."""
    if not _SHAPE.fullmatch(name) or len(name) > _LONGEST:
        return (
            f"it begins with a letter from a to z, and has small letters, digits and single hyphens, {_LONGEST} at most"
        )
    package = package_of(name)
    if keyword.iskeyword(package) or keyword.issoftkeyword(package):
        return "the word is Python's own, so nothing could import it"
    if package in _TAKEN:
        return f"the package {package} exists already, and the project's would hide it"
    return ""
