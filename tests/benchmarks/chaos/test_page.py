"""The page about reliability says what was measured."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benchmarks.chaos.beside import FAULTS, WAYS, failed_row, p99_row
from benchmarks.chaos.page import COMMAND, FIGURES, GATEWAY, ISOLATION, PAGE, SHOP, matrix, tables
from benchmarks.page import part, replaced
from benchmarks.publication import Publication


def row(what: str, value: float, reach: str = "", *, met: bool = True, unit: str = "") -> dict[str, Any]:
    return {"what": what, "value": value, "unit": unit, "reach": reach, "met": met}


def figures(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"rows": list(rows), "not_run": {}, "load": "some", "seed": 1, "versions": {"python": "3"}}


def test_the_page_has_the_published_figures() -> None:
    published = json.loads(FIGURES.read_text(encoding="utf-8"))

    assert tables(published) in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("publication", [GATEWAY, SHOP], ids=lambda each: each.name)
def test_the_page_has_what_was_published_of_the_gateway_and_of_the_shop(publication: Publication) -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert publication.command in page
    assert replaced(page, publication.section(publication.published())) == page


def test_the_page_has_what_was_published_of_faults_that_stay_where_they_are() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert ISOLATION.command in page
    assert replaced(page, matrix(ISOLATION.published())) == page


def test_a_matrix_has_a_line_for_each_fault_a_column_for_each_journey_and_tells_what_was_missed() -> None:
    seen = {"a, killed, login": "works", "a, killed, order": "broken", "b, frozen, login": "works"}
    seen["b, frozen, order"] = "refused in words"
    missed = row("a killed: journeys without words", 1, "= 0", met=False, unit="of 2")

    text = matrix({**figures(row("held", 0, "= 0"), missed), "details": seen})

    assert "|  | login | order |\n| --- | --- | --- |\n" in text
    assert "| a killed | works | broken |\n| b frozen | works | refused in words |\n" in text
    assert "- **a killed: journeys without words: 1 of 2**" in text
    assert "held" not in text


def test_a_row_is_marked_by_its_goal_and_a_miss_is_shown_as_one() -> None:
    text = tables(figures(row("held", 0, "= 0"), row("missed", 3, "= 0", met=False, unit="of 9"), row("told", 0.5)))

    assert "| ✓ | held | 0 | = 0 |\n| ✗ | missed | 3 of 9 | = 0 |\n|  | told | 0.5 |  |\n" in text


def test_ways_are_compared_side_by_side_and_not_in_the_list() -> None:
    compared = [
        part
        for fault in FAULTS
        for way in WAYS
        for part in (row(failed_row(fault, way), 2, unit="of 9"), row(p99_row(fault, way), 10))
    ]

    lines = tables(figures(*compared)).splitlines()
    assert f"| {next(iter(FAULTS))} |{' 2 of 9 fail, p99 10 ms |' * len(WAYS)}" in lines
    assert not [line for line in lines if "calls failed" in line]


def test_what_was_not_run_is_told_with_its_reason() -> None:
    assert "Not run: zones (no root).\n" in tables({**figures(), "not_run": {"zones": "no root"}})


def test_new_tables_take_the_place_of_the_old_ones_and_of_nothing_else() -> None:
    page = replaced(PAGE.read_text(encoding="utf-8"), part(COMMAND, ["new"]))

    assert replaced(page, part(COMMAND, ["newer"])).count("newer") == 1
    assert page.partition("<!--")[0] == PAGE.read_text(encoding="utf-8").partition("<!--")[0]
    assert "\n\nnew\n\n<!-- to here -->" in page
