from __future__ import annotations

import re
from pathlib import Path

import pytest

import services.kit.pages
import services.marketplace
from services.kit.pages.assets import Assets
from tests.services.marketplace.shop import opened

FOLDER = Path(services.marketplace.__file__).parent
# Its own, and those that all pages share.
SHARED = Path(services.kit.pages.__file__).parent
TEMPLATES = sorted(path for home in (FOLDER, SHARED) for path in (home / "templates").rglob("*.*"))
STATIC = sorted(path for home in (FOLDER, SHARED) for path in (home / "static").iterdir())
CONTENT = {path: path.read_text(encoding="utf-8") for path in (*TEMPLATES, *STATIC)}
PALETTE = CONTENT[SHARED / "static" / "portside.css"]
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
STYLE = CONTENT[FOLDER / "static" / "shop.css"]


@pytest.mark.parametrize("path", STATIC, ids=lambda path: path.name)
async def test_a_file_is_kept_for_ever_under_the_name_of_its_content(path: Path) -> None:
    async with opened() as shop:
        first = await shop.client("GET", Assets(FOLDER).url(path.name))
        assert (first.status, first.text) == (200, CONTENT[path])
        assert first.headers["Content-Type"] == f"{TYPES[path.suffix]}; charset=utf-8"
        assert first.headers["Cache-Control"] == "public, max-age=31536000, immutable"

        tag = first.headers["ETag"]
        for sent in (tag, f'"other", {tag}', "*"):
            again = await shop.client("GET", f"/static/{path.name}", headers={"If-None-Match": sent})
            assert (again.status, again.text, again.headers["ETag"]) == (304, "", tag)
        assert (await shop.client("GET", f"/static/{path.name}", headers={"If-None-Match": '"other"'})).status == 200


@pytest.mark.parametrize("query", ["", "?v=", "?v=another", "?x=1"])
async def test_under_another_name_nobody_keeps_it(query: str) -> None:
    async with opened() as shop:
        answer = await shop.client("GET", f"/static/shop.css{query}")

    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-cache"


async def test_whatever_a_page_names_is_there() -> None:
    async with opened() as shop:
        for path in ("/", "/laptops/7", "/nothing"):
            page = await shop(path)
            named = {image["src"] for image in page.all("img")} | {link["href"] for link in page.all("link")}
            assert named
            for name in named:
                answer = await shop.client("GET", name)
                assert answer.status == 200
                assert "immutable" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_runs_nothing_escapes_everything_and_stays_here(path: Path) -> None:
    # A script of ours is a file of ours.
    text = re.sub(r"""<script src="{{ asset\('[a-z]+\.js'\) }}" defer></script>""", "", CONTENT[path])

    assert not re.search(r"<(script|style|iframe|object|embed|base)\b|\sstyle\s*=|\son[a-z]+\s*=|javascript:", text)
    assert not re.search(r"\|\s*safe\b|autoescape|Markup", text)
    for target in re.findall(r'(?:href|src|action)="([^"]*)"', text):
        assert target.startswith(
            (
                *("/", "#", "{{ asset(", "{{ console_url }}/trace/", "{{ previous", "{{ next", "{{ retry"),
                *("{{ path }}", "{{ wanted.url(", "{{ without", "{{ back", "{{ drawn_", "{{ beginning"),
            )
        )
        assert not target.startswith("//")


@pytest.mark.parametrize("path", STATIC, ids=lambda path: path.name)
def test_a_file_asks_for_nothing_from_elsewhere(path: Path) -> None:
    text = CONTENT[path].replace('xmlns="http://www.w3.org/2000/svg"', "")

    assert not re.search(r"https?:|//[a-z]|@import|<script|<style|<image|<foreignObject|href=|data:|\son[a-z]+=", text)
    assert set(re.findall(r"url\(([^)]*)\)", text)) == set()


@pytest.mark.parametrize("name", ["front-rugged-14-2.svg", "above-convertible-11-lcc-bo.svg"])
async def test_a_drawing_asks_for_nothing_from_elsewhere(name: str) -> None:
    async with opened() as shop:
        text = (await shop.client("GET", f"/drawings/{name}")).text

    # What it names by its fragment is its own.
    assert set(re.findall(r"url\(#([^)]*)\)", text)) <= set(re.findall(r'id="([^"]*)"', text))
    assert not re.search(
        r"https?:(?!//www.w3.org/2000/svg)|@import|<script|<style|<image|<foreignObject|href=|data:", text
    )


def colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_what_it_stands_on(scheme: str) -> None:
    day, night = re.findall(r":root \{(.*?)\}", PALETTE, re.DOTALL)
    colour = colours(day) | (colours(night) if scheme == "dark" else {})
    pairs = [
        *((text, ground) for text in ("ink", "muted", "accent") for ground in ("paper", "raised")),
        ("warn", "paper"),
        ("good", "paper"),
        ("ink", "notice"),
        ("accent-ink", "accent"),
    ]
    faint = {}
    for text, ground in pairs:
        dark, light = sorted((luminance(colour[text]), luminance(colour[ground])))
        if (contrast := (light + 0.05) / (dark + 0.05)) < 4.5:
            faint[text, ground] = contrast

    assert faint == {}


def test_both_schemes_name_the_same_colours() -> None:
    day, night = re.findall(r":root \{(.*?)\}", PALETTE, re.DOTALL)

    assert colours(day).keys() == colours(night).keys()


def test_there_is_a_colour_for_every_laptop() -> None:
    assert set(re.findall(r"\.tint-(\d) ", STYLE)) == {str(number) for number in range(9)}
