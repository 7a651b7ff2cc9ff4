"""The reference says something about every public name."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PUBLIC = ("discovery", "discovery.testing", "discovery.web", "discovery.web.validation", "observability")


def shown() -> set[str]:
    """Every name that a page of the reference shows."""
    pages = (ROOT / "docs/api").glob("*.md")
    return {
        name for page in pages for name in re.findall(r"^::: ([\w.]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
    }


def public(package: str) -> set[str]:
    """The public names of a package, or of a module without a list of them."""
    module = importlib.import_module(package)
    names = getattr(module, "__all__", None) or [
        name
        for name, thing in vars(module).items()
        if getattr(thing, "__module__", "") == package and inspect.isroutine(thing) and not name.startswith("_")
    ]
    return {f"{package}.{name}" for name in names}


@pytest.mark.parametrize("package", PUBLIC)
def test_every_public_name_is_in_the_reference(package: str) -> None:
    assert public(package) - shown() == set()


def test_the_reference_shows_nothing_that_is_not_there() -> None:
    missing = set()
    for name in shown():
        package, _, thing = name.rpartition(".")
        if not hasattr(importlib.import_module(package), thing):
            missing.add(name)

    assert missing == set()
