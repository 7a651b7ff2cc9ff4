"""What is published of the balancers follows from the figures, and the page has what they say."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest

from benchmarks import policies
from benchmarks.page import replaced
from benchmarks.policies.picture import picture
from benchmarks.policies.publication import FIGURES, PAGE, PICTURE, section
from launcher.development import CannotRun

SVG = "{http://www.w3.org/2000/svg}"

TINY = {
    "rows": [
        {"what": "one errs: its share", "value": 0.02, "unit": "", "reach": "<= 0.01", "met": False},
        {"what": "one hangs: its share", "value": 0.001, "unit": "", "reach": "<= 0.01", "met": True},
        {"what": "of 9 worlds by chance, wrong", "value": 0, "unit": "", "reach": "0", "met": True},
        {"what": "ours at 50% load: 50th percentile", "value": 10, "unit": "ms", "reach": "", "met": True},
    ],
    "details": {
        "balancers": [
            {"name": "ours", "load": 0.5, "ms": {"50": 10.0, "99": 100.0, "99.9": 1000.0}},
            {"name": "<in turn>", "load": 0.5, "ms": {"50": 20.0, "99": 5000.4, "99.9": 9000.0}},
            {"name": "ours", "load": 0.9, "ms": {"50": 100.0, "99": 1000.0, "99.9": 10000.0}},
        ]
    },
    "load": "2 seeds",
    "versions": {"python": "3.11.7"},
}


def test_loads_stand_side_by_side() -> None:
    figures = {**TINY, "details": {"balancers": [*TINY["details"]["balancers"], turn(0.9)]}}  # type: ignore[index]
    lines = section(figures).splitlines()

    assert "| ms | 50%: p50 | 50%: p99 | 50%: p99.9 | 90%: p50 | 90%: p99 | 90%: p99.9 |" in lines
    assert "| <in turn> | 20 | 5,000 | 9,000 | 1 | 2 | 3 |" in lines


def turn(load: float) -> dict[str, object]:
    return {"name": "<in turn>", "load": load, "ms": {"50": 1.0, "99": 2.0, "99.9": 3.0}}


def test_goals_are_counted_and_those_that_are_missed_are_named() -> None:
    figures = {**TINY, "details": {"balancers": [turn(0.5)]}}

    assert (
        "Of the 3 goals of the whole run 2 are met.\n"
        "One errs: its share: 0.02 (goal: <= 0.01).\n"
        "Of 9 worlds by chance, wrong: 0 (goal: 0).\n"
    ) in section(figures)


def test_what_is_ten_times_as_long_stands_as_far_away_wherever_it_is() -> None:
    drawn = ET.fromstring(picture(TINY))  # noqa: S314
    lines = [line for line in drawn.iter(f"{SVG}line") if line.attrib["class"] in {"ours", "other"}]

    assert [line.attrib["class"] for line in lines] == ["ours", "other", "ours"]
    one, _, other = (int(line.attrib["x2"]) - int(line.attrib["x1"]) for line in lines)
    assert one == other
    assert [text.text for text in drawn.iter(f"{SVG}text") if text.attrib.get("class") == "load"] == [
        "50% load",
        "90% load",
    ]


def test_a_new_table_takes_the_place_of_the_old_one_and_of_nothing_else() -> None:
    page = PAGE.read_text(encoding="utf-8")
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))

    assert replaced(page, section(figures)) == page
    assert replaced(page, "new").count("\n## ") == page.count("\n## ")


def test_the_page_and_the_picture_are_those_of_the_figures() -> None:
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))

    assert section(figures) in PAGE.read_text(encoding="utf-8")
    assert picture(figures) == PICTURE.read_text(encoding="utf-8")


@pytest.mark.parametrize(("quick", "words"), [(False, ["--publis"]), (False, ["all"]), (True, ["--publish"])])
def test_a_part_is_not_published_and_other_words_mean_nothing(quick: bool, words: list[str]) -> None:
    with pytest.raises(CannotRun, match="--publish"):
        policies.run(quick=quick, words=words)
