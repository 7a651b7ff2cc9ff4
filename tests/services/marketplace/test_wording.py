from __future__ import annotations

import pytest

from services.marketplace import wording
from services.marketplace.goods import Laptop, Port
from tests.services.marketplace.shop import LAPTOP


def laptop(title: str) -> Laptop:
    return Laptop.model_validate(LAPTOP | {"title": title})


@pytest.mark.parametrize(
    ("cents", "currency", "text"),
    [
        (119_900, "EUR", "€1,199"),
        (119_950, "GBP", "£1,199.50"),
        (5, "USD", "$0.05"),
        (100_000_000, "EUR", "€1,000,000"),
        (79_901, "CHF", "CHF 799.01"),
    ],
)
def test_money_reads_as_its_currency_does(cents: int, currency: str, text: str) -> None:
    assert wording.money(cents, currency) == text


def test_laptops_of_a_brand_have_its_colour_and_brands_differ() -> None:
    brands = ["Merle Feather", "Oakline Note", "Hartwell Forge", "Lumen Book", "Tarn Rugged"]

    assert wording.tint(laptop("Merle Feather 13")) == wording.tint(laptop("Merle Falcon 17"))
    assert len({wording.tint(laptop(brand)) for brand in brands}) == len(brands)


def test_ports_stand_on_the_side_that_their_name_mentions_first() -> None:
    names = [
        "Right USB-C",
        "Left rear USB-C",
        "Rear barrel",
        "Back left",
        "MagLatch",
        "Brightest",
        "Front LEFT",
        "links",
    ]
    ports = [Port(name=name) for name in names]

    assert [(side, [port.name for port in there]) for side, _, there in wording.sides(ports)] == [
        ("rear", ["Rear barrel", "Back left"]),
        ("left", ["Left rear USB-C"]),
        ("right", ["Right USB-C"]),
        ("front", ["Front LEFT"]),
        ("other", ["MagLatch", "Brightest", "links"]),
    ]


@pytest.mark.parametrize(
    ("connector", "shown"),
    [
        ("usb-c", ("usb-c", "USB-C")),
        ("magnetic", ("magnetic", "Magnetic")),
        ("barrel", ("barrel", "Barrel")),
        ('x" class="y', ("unknown", 'x" class="y')),
        (None, ("unknown", "Connector not known")),
    ],
)
def test_a_connector_has_a_glyph_and_a_name(connector: str | None, shown: tuple[str, str]) -> None:
    assert wording.connector(Port(name="Left", connector=connector)) == shown


def test_the_strongest_port_counts() -> None:
    assert wording.most_watts([Port(name="a", watts=60), Port(name="b"), Port(name="c", watts=140)]) == 140
    assert wording.most_watts([Port(name="b")]) is None


@pytest.mark.parametrize("text", ["the ports are missing", "The ports are missing.", "the ports are missing.."])
def test_a_notice_becomes_a_sentence(text: str) -> None:
    assert wording.sentence(text) == "The ports are missing."
