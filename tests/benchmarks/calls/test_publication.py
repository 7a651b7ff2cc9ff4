"""What is published follows from the figures, and the page has what they say."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

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
