from __future__ import annotations

import pytest

from services.marketplace.goods import Laptop, Port
from services.marketplace.wanted import Place, Wanted
from tests.services.marketplace.shop import LAPTOP

EVERYTHING = Wanted.model_validate(
    {
        "q": "a b",
        "port": "usb-c",
        "watts": "65",
        "min": "1000",
        "max": "2500",
        "screen": "huge",
        "stock": "1",
        "sort": "-price",
        "after": "9-119900",
        "trail": "0.5-189900",
    }
)


def test_what_is_wanted_is_its_address_and_the_address_is_what_is_wanted() -> None:
    address = EVERYTHING.url(after=EVERYTHING.after, trail=EVERYTHING.trail)

    assert address == (
        "/?q=a+b&port=usb-c&watts=65&min=1000&max=2500&screen=huge&stock=1&sort=-price&after=9-119900&trail=0.5-189900"
    )
    assert Wanted().url() == "/"


def test_each_thing_that_narrows_can_be_taken_away_and_the_list_begins_anew() -> None:
    assert dict(EVERYTHING.narrowed) == {
        "USB-C": "/?q=a+b&watts=65&min=1000&max=2500&screen=huge&stock=1&sort=-price",
        "65 W or more": "/?q=a+b&port=usb-c&min=1000&max=2500&screen=huge&stock=1&sort=-price",
        "17 inches and more": "/?q=a+b&port=usb-c&watts=65&min=1000&max=2500&stock=1&sort=-price",
        "€1,000 or more": "/?q=a+b&port=usb-c&watts=65&max=2500&screen=huge&stock=1&sort=-price",
        "€2,500 or less": "/?q=a+b&port=usb-c&watts=65&min=1000&screen=huge&stock=1&sort=-price",
        "In stock": "/?q=a+b&port=usb-c&watts=65&min=1000&max=2500&screen=huge&sort=-price",
    }


@pytest.mark.parametrize(
    ("asked", "ports", "fits"),
    [
        ({"port": "usb-c"}, [("usb-c", None)], True),
        ({"port": "usb-c"}, [("barrel", 65), (None, 100)], False),
        ({"watts": "65"}, [("barrel", 65)], True),
        ({"watts": "65"}, [("barrel", 64), ("usb-c", None)], False),
        ({"port": "usb-c", "watts": "65"}, [("usb-c", 45), ("barrel", 90)], False),
        ({"port": "usb-c", "watts": "65"}, [("usb-c", 45), ("usb-c", 90)], True),
        ({"port": "usb-c"}, [], False),
    ],
)
def test_connector_and_power_are_those_of_one_port(
    asked: dict[str, str], ports: list[tuple[str | None, int | None]], fits: bool
) -> None:
    there = [Port(name="Left", connector=connector, watts=watts) for connector, watts in ports]

    assert Wanted.model_validate(asked).fits(there) is fits


@pytest.mark.parametrize(
    ("sort", "place"), [("", "7"), ("price", "7-99900"), ("-price", "7-99900"), ("-id", "7-7"), ("-screen", "7")]
)
def test_the_place_behind_a_laptop_has_what_the_list_is_sorted_by(sort: str, place: str) -> None:
    assert str(Wanted.model_validate({"sort": sort}).behind(Laptop.model_validate(LAPTOP))) == place


def test_a_price_is_compared_with_prices_in_euros_only() -> None:
    assert Wanted.model_validate({"min": "0"}).params(Place(), 12) == {"limit": 12, "after": 0}
    assert Wanted.model_validate({"max": "5"}).params(Place(3, 100), 12) == {
        "limit": 12,
        "after": 3,
        "at": 100,
        "price_max_cents": 500,
        "currency": "EUR",
    }
