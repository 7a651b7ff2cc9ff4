"""What other services say is data from outside: it is shown as text, on one line, or not at all."""

from __future__ import annotations

from typing import Any

import pytest

import discovery
from discovery.testing.clock import FakeClock
from tests.services.marketplace.shop import FITTED, LAPTOP, SUGGESTED, opened, says

# Read as anything but text, each of these would add an element, an attribute or a link: the page is compared with
# the one of a harmless title.
HOSTILE = {
    "script": "<script>alert(1)</script>",
    "closing": "</title></bdi></h2></a><script src=//evil.example/x.js></script>",
    "attribute": '"><img src=x onerror=alert(1)>',
    "single quote": "' onmouseover='alert(1)",
    "svg": "<svg/onload=alert(1)>",
    "iframe": "<iframe srcdoc='<script>alert(1)</script>'>",
    "comment": "<!-- --!> <![CDATA[ <?php",
    "style": "<style>*{display:none}</style>",
    "entity": "&lt;script&gt;&#60;b&#62;&amp;",
    "template": "{{ 7 * 7 }} {% include 'base.html' %} {{ config }}",
    "link": "javascript:alert(1)",
    "form": '<form action="//evil.example"><button>',
    "base": '<base href="//evil.example/">',
    "half a tag": "<a href='",
}


def neighbours(text: str) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """A laptop, the same with its ports, and recommendations, all of which say *text* wherever they can."""
    laptop = LAPTOP | {"title": f"Zz {text}", "model": text}
    ports = [{"name": text, "connector": text, "watts": 5}]
    reasons = [{"kind": text, "text": text}]
    suggested = {"recommendations": [{"laptop": laptop, "score": 1, "reasons": reasons}], "notice": text}
    return laptop, laptop | {"ports": ports, "notice": text}, suggested


async def test_hostile_text_is_shown_as_text() -> None:
    async with opened(around=discovery.Surroundings(clock=FakeClock())) as shop:

        async def elements(path: str, document: object, text: str) -> object:
            shop.laptops.answer = says(document)
            page = await shop(path, cookies={"customer": "somebody"})
            assert page.answer.status == 200
            assert " ".join(text.split()) in page.text
            return [element for element in page.elements if not carries_text(element)]

        for text in HOSTILE.values():
            seen = []
            for said in (text, "harmless"):
                laptop, fitted, suggested = neighbours(said)
                shop.recommendations.answer = says(suggested)
                seen.append((await elements("/", [laptop], said), await elements("/laptops/7", fitted, said)))
            assert seen[0] == seen[1], f"{text} added something but text"


def carries_text(element: tuple[str, dict[str, str]]) -> bool:
    """Whether it is a field that sends what the page was told, or whose page it is; a value ends where it ends."""
    tag, attributes = element
    return tag == "input" and attributes.keys() == {"type", "name", "value"} and attributes["type"] == "hidden"


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("\u202egnirts\u202c \u2066a\u2069b", "gnirts ab"),
        ("a\x00b\x1b[31m\nc\u2028d\x85e", "a b [31m c d e"),
        ("שלום Feather \u200f13", "שלום Feather \u200f13"),
        ("x" * 10_000, "x" * 199 + "…"),
        ("\U0001f4bb\u200d\U0001f525", "\U0001f4bb\u200d\U0001f525"),
    ],
    ids=["reordering", "controls", "hebrew", "10 kB", "emoji"],
)
async def test_text_becomes_one_line_of_a_bounded_length(title: str, shown: str) -> None:
    async with opened(laptops=says(FITTED | {"title": title}), recommendations=says({})) as shop:
        page = await shop("/laptops/7")

    assert f"<bdi>{shown}</bdi>" in page.answer.text
    assert f"<title>{shown} – Portside</title>" in page.answer.text


BROKEN: dict[str, object] = {
    "no object": 17,
    "null": None,
    "no title": {key: value for key, value in LAPTOP.items() if key != "title"},
    "empty title": LAPTOP | {"title": " \u202e\n"},
    "title a number": LAPTOP | {"title": 7},
    "id text": LAPTOP | {"id": "7"},
    "id zero": LAPTOP | {"id": 0},
    "id true": LAPTOP | {"id": True},
    "id huge": LAPTOP | {"id": 10**30},
    "id infinite": LAPTOP | {"id": 1e308},
    "negative stock": LAPTOP | {"stock": -1},
    "price a float": LAPTOP | {"price_cents": 9.99},
    "price huge": LAPTOP | {"price_cents": 10**200},
    "currency markup": LAPTOP | {"currency": "<b>"},
    "currency newline": LAPTOP | {"currency": "EUR\n"},
}


@pytest.mark.parametrize("how", BROKEN)
async def test_a_broken_item_is_left_out_and_the_others_stay(how: str) -> None:
    other = LAPTOP | {"id": 9, "title": "Tarn Rugged 14", "colour": "unknown here"}
    suggested = {"recommendations": [{"laptop": BROKEN[how], "reasons": []}, *SUGGESTED["recommendations"]]}
    async with opened(laptops=says([BROKEN[how], other]), recommendations=says(suggested)) as shop:
        page = await shop("/")

    assert page.answer.status == 200
    assert [link for link in page.links if link.startswith("/laptops/")] == ["/laptops/9", "/laptops/8"]


async def test_a_broken_reason_or_port_is_left_out() -> None:
    reasons = [17, {"text": ""}, {"kind": "k"}, {"text": "It is small", "weight": 1}]
    suggested = {"recommendations": [{"laptop": LAPTOP, "reasons": reasons}]}
    ports = [None, {"name": ""}, {"name": "Bad", "watts": -1}, {"name": "Rear thing", "connector": "hdmi"}]
    async with opened(laptops=says(FITTED | {"ports": ports}), recommendations=says(suggested)) as shop:
        page = await shop("/laptops/7")

    assert "It is small" in page.text
    assert "Charging ports 1" in page.text
    assert "At the rear Rear thing hdmi, watts not known" in page.text


@pytest.mark.parametrize(
    "suggested", [[], {"recommendations": {}}, {"recommendations": 1}, {"notice": 7}, "x"], ids=str
)
async def test_recommendations_of_another_shape_are_none(suggested: object) -> None:
    async with opened(recommendations=says(suggested)) as shop:
        page = await shop("/")

    assert page.answer.status == 200
    assert "Lumen Book 12" in page.text
    assert "Recommendations are away" in page.text


async def test_more_recommendations_than_were_asked_for_are_cut() -> None:
    many = {"recommendations": SUGGESTED["recommendations"] * 50}
    async with opened(recommendations=says(many)) as shop:
        page = await shop("/")

    assert page.links.count("/laptops/8") == 4
