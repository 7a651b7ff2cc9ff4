from __future__ import annotations

from html.parser import HTMLParser

import pytest

from services.marketplace.drawings import FORMS, Socket, above, front, inches, read
from services.marketplace.goods import Laptop, Port
from services.marketplace.wording import sides
from tests.services.marketplace.shop import LAPTOP, opened


def laptop(title: str = "Note", **facts: object) -> Laptop:
    return Laptop.model_validate(LAPTOP | {"title": title} | facts)


@pytest.mark.parametrize(
    ("title", "said", "size"),
    [
        ("Lumen Tab 11 Convertible", None, 11),
        ("Hartwell Forge 17", None, 17),
        ("Forge 2025 16", None, 16),
        ("Forge 99", None, 14),
        ("Forge 16 for 12 V", None, 16),
        ("Note", None, 14),
        ("١٧", None, 14),
        ("Forge 17", 15, 15),
        ("Forge 17", 7, 10),
        ("Forge 17", 30, 18),
    ],
)
def test_a_laptop_is_drawn_as_large_as_its_screen_and_else_as_its_title_says(
    title: str, said: int | None, size: int
) -> None:
    assert inches(laptop(title, screen_inches=said)) == size


def test_what_is_known_of_a_laptop_is_in_the_name_of_its_drawings() -> None:
    names = ["Left front USB-C", "Left rear", "Right MagLatch", "Rear barrel", "Somewhere"]
    fits = ["usb-c", "magnetic", "new", "barrel", "usb-c"]
    ports = [Port(name=name, connector=connector) for name, connector in zip(names, fits, strict=True)]

    assert front(laptop("Tarn Rugged 14", form="rugged", screen_inches=15)) == "front-rugged-15-3.svg"
    assert front(laptop("Tarn Vast", form="vast")) == "front-clamshell-14-3.svg", "what nobody can draw is the usual"
    assert front(laptop("Tarn Rugged 14")) == "front-rugged-14-3.svg"
    assert front(laptop("Tarn Rugged 14", form="clamshell")) == "front-clamshell-14-3.svg"
    assert above(laptop(screen_inches=16), sides(ports)) == "above-clamshell-16-bo-lmc-ru.svg"
    assert above(laptop(), sides([Port(name="left")] * 9)) == "above-clamshell-14-luuuuuu.svg"
    assert above(laptop(), []) == "above-clamshell-14.svg"


def test_a_name_is_read_as_it_was_written() -> None:
    drawing = read("above-convertible-11-lmc-bo.svg")

    assert drawing
    assert (drawing.template, drawing.form, drawing.inches, drawing.numbers) == ("above", "convertible", 11, False)
    assert drawing.sockets == (
        Socket("l", "m", 1 / 3),
        Socket("l", "c", 2 / 3),
        Socket("b", "o", 0.5),
    )
    assert (known := read("front-clamshell-15-2.svg"))
    assert (known.form, known.picture, known.numbers) == ("clamshell", 2, True)


class Elements(HTMLParser):
    """How many of each there are."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.opened.append(tag)


async def test_every_form_and_size_is_a_drawing_of_its_own_and_is_kept_for_ever() -> None:
    names = [f"front-{form}-{size}-{number % 4}.svg" for number, form in enumerate(FORMS) for size in (10, 14, 18)]
    names += [f"above-{form}-{size}.svg" for form in FORMS for size in (10, 14, 18)]
    async with opened() as shop:
        texts = []
        for name in names:
            answer = await shop.client("GET", f"/drawings/{name}")
            assert (answer.status, answer.headers["Content-Type"]) == (200, "image/svg+xml; charset=utf-8")
            assert answer.text.startswith("<svg"), name
            texts.append(answer.text)
        assert len(set(texts)) == len(names)

        first = await shop.client("GET", f"/drawings/{names[0]}")
        known = await shop.client("GET", f"/drawings/{names[0]}", headers={"If-None-Match": first.headers["ETag"]})
        assert (known.status, known.text) == (304, "")
        assert known.headers["Cache-Control"] == "no-cache"


async def test_each_port_is_on_the_drawing() -> None:
    async with opened() as shop:
        bare = Elements((await shop.client("GET", "/drawings/above-clamshell-14.svg")).text)
        page = await shop("/laptops/7")
        (source,) = [image["src"] for image in page.all("img") if "above" in image["src"]]
        drawn = Elements((await shop.client("GET", source)).text)

    assert source.startswith("/drawings/above-clamshell-12-lc.svg?v=")
    assert drawn.opened.count("g") == bare.opened.count("g") + 1


@pytest.mark.parametrize(
    "name",
    [
        "front-clamshell-14-4.svg",
        "front-clamshell-19-0.svg",
        "front-vast-14-0.svg",
        "front-clamshell-14-0-lc.svg",
        "above-clamshell-14-lccccccc.svg",
        "above-clamshell-14-xc.svg",
        "above-clamshell-14-lc-lc-lc-lc-lc.svg",
        "above-clamshell-14.svg.svg",
        "front.svg",
        "..%2ffront.svg",
        "%00",
    ],
)
async def test_what_has_no_such_name_is_not_drawn(name: str) -> None:
    async with opened() as shop:
        page = await shop(f"/drawings/{name}")

    assert page.answer.status == 404
