"""What is published follows from the figures, and the page has what they say."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from benchmarks.calls import elsewhere
from benchmarks.calls.picture import picture
from benchmarks.calls.publication import FIGURES, PAGE, PICTURE, section

TINY = {
    "rows": [
        {"what": "GET by a plain session", "value": 13268, "unit": "calls/s", "reach": "", "met": True},
        {"what": "GET by mesh: CPU", "value": 0.513, "unit": "× plain", "reach": ">= 1.00", "met": False},
        {"what": "GET by mesh: throughput", "value": 0.5, "unit": "× plain", "reach": "", "met": True},
        {"what": "POST by mesh: CPU", "value": 1.04, "unit": "× plain", "reach": ">= 1.00", "met": True},
        {"what": "pick of 10", "value": 0.91, "unit": "µs", "reach": "<= 2 µs", "met": True},
    ],
    "details": {
        "clients": [
            {"name": "plain", "what": "a plain session", "cpu": 1.0},
            {"name": "fast", "what": "mesh & more", "cpu": 0.5},
            {"name": "fast", "what": "mesh & more", "cpu": 0.7},
            {"name": "envoy", "what": "Envoy", "cpu": 0.25},
        ]
    },
    "load": "10 calls",
    "versions": {"python": "3.11.7"},
}


def test_get_and_post_stand_side_by_side_and_a_miss_is_bold() -> None:
    lines = section(TINY).splitlines()

    assert "| by mesh (× plain) | **0.51** | 1.04 | 0.50 |  | >= 1.00 |" in lines
    assert "| GET by a plain session | 13,268 calls/s |  |" in lines
    assert "| pick of 10 | 0.91 µs | <= 2 µs |" in lines


def test_a_bar_is_as_long_as_the_median_of_its_ratios() -> None:
    svg = "{http://www.w3.org/2000/svg}"
    bars = [rect for rect in ET.fromstring(picture(TINY)).iter(f"{svg}rect") if "class" in rect.attrib]  # noqa: S314
    plain, fast, envoy = (int(bar.attrib["width"]) for bar in bars)

    assert [bar.attrib["class"] for bar in bars] == ["plain", "ours", "other"]
    assert (plain, fast, envoy) == (510, 306, round(510 * 0.25))


def test_the_page_and_the_picture_are_those_of_the_figures() -> None:
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))

    assert section(figures) in PAGE.read_text(encoding="utf-8")
    assert picture(figures) == PICTURE.read_text(encoding="utf-8")


def run_elsewhere(loop: str, python: str) -> dict[str, Any]:
    ways = ("untraced", "untraced, the public way", "100 % traced", "0 % traced, metrics on")
    rows = [
        {"what": f"{method} by mesh, {way}: CPU", "value": 0.5 + number / 10, "met": number > 1}
        for method in ("GET", "POST")
        for number, way in enumerate(ways)
    ]
    return {"rows": rows, "load": f"10 calls; {loop}", "versions": {"python": python}}


def test_runs_elsewhere_stand_below_each_other() -> None:
    lines = elsewhere.section([run_elsewhere("uvloop", "3.11.7"), run_elsewhere("asyncio", "3.13.0")]).splitlines()

    assert "| uvloop, Python 3.11.7 | **0.50** | **0.50** | **0.60** | **0.60** | 0.70 | 0.70 | 0.80 | 0.80 |" in lines
    assert len([line for line in lines if line.startswith("| asyncio, Python 3.13.0 |")]) == 1


def test_the_page_has_all_runs_elsewhere() -> None:
    assert elsewhere.section(elsewhere.published()) in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("loop", "python", "name"),
    [
        ("asyncio", (3, 11), None),
        ("uvloop", (3, 11), "calls-uvloop-python-3.11.json"),
        ("asyncio", (3, 13), "calls-asyncio-python-3.13.json"),
    ],
)
def test_each_place_has_its_own_figures(loop: str, python: tuple[int, int], name: str | None) -> None:
    place = elsewhere.figures_of(loop, python)
    assert (place and place.name) == name
