"""Each scenario has a page that says of each place to look at what the program says of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from launcher.demo.scenarios import picture_of
from launcher.scenario.scenarios import SCENARIOS

DOCS = Path(__file__).resolve().parents[2] / "docs"


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_has_a_page_that_says_and_shows_what_is_to_be_seen_where(name: str) -> None:
    page = words((DOCS / "scenarios" / f"{name}.md").read_text(encoding="utf-8"))
    assert f"./mesh scenario {name}" in page
    for look in SCENARIOS[name].looks:
        place = {"command": f"`{look.path}`"}.get(look.where, f"the {look.where}, `{look.path}`")
        assert f"| {place} | {look.says} |" in page
        assert look.where == "command" or f"(../images/{picture_of(SCENARIOS[name], look)}.png)" in page


@pytest.mark.parametrize("name", SCENARIOS)
def test_each_page_that_is_looked_at_has_a_picture_of_its_own(name: str) -> None:
    scenario = SCENARIOS[name]
    names = [picture_of(scenario, look) for look in scenario.looks if look.where != "command"]
    assert len(set(names)) == len(names) > 0


def test_no_page_is_about_a_scenario_that_is_not_there() -> None:
    assert {path.stem for path in (DOCS / "scenarios").glob("*.md")} == set(SCENARIOS)


def test_the_index_has_what_the_command_says() -> None:
    index = (DOCS / "scenarios.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| \[([a-z-]+)\]\(scenarios/\1\.md\)", index, re.MULTILINE) == list(SCENARIOS)
    width = max(map(len, SCENARIOS))
    for name, scenario in SCENARIOS.items():
        assert f"\n{name:{width}}  {scenario.summary}\n" in index
