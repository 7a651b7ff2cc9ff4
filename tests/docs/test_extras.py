"""Whoever copies a snippet has read, on the same page and before it, what to install for it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.packaging.building import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "discovery/cli/new/project/README.md"]

# What a snippet shows that an extra brings, and by which of them.
NEEDED = {
    r"^\s*(import|from) observability\b": {"observability", "all"},
    r"^\s*(import|from) discovery\.testing\b": {"testing"},
    r"\bdiscovery\.web\.validation\b": {"web", "console", "all"},
    r"^\$ mesh console\b": {"console", "all"},
    r"^\$ mesh \w+": {"cli", "console", "all"},
}

SNIPPET = re.compile(r"^```(?:python|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def named(text: str) -> set[str]:
    """The extras that *text* says how to install; the generated project's development extra brings the command."""
    found = {extra for each in re.findall(r"proconsul\[([a-z,]+)\]", text) for extra in each.split(",")}
    return found | ({"console"} if "'.[dev]'" in text else set())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_snippet_comes_after_the_extra_that_it_needs(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    lacking = [
        (text[: snippet.start(1)].count("\n") + 1, shown)
        for snippet in SNIPPET.finditer(text)
        for shown, extras in NEEDED.items()
        if re.search(shown, snippet[1], re.MULTILINE) and not named(text[: snippet.end()]) & extras
    ]

    assert lacking == []


def test_the_readme_says_of_every_extra_what_it_is_for() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    table = "\n".join(line for line in text.splitlines()[:45] if line.startswith("|"))

    assert {extra for extra in extras if f"`[{extra}]`" not in table} == set()
