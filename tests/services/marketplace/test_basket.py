"""What somebody means to buy stays his, is shown at what it costs now, and says what speaks against it."""

from __future__ import annotations

import pytest

from services.marketplace.basket import LINES_MAX
from tests.services.marketplace.shop import FITTED, Page, Shop, opened, says
from tests.services.marketplace.someone import Someone
from tests.services.marketplace.test_absence import USELESS


async def with_one(shop: Shop, **taken: str) -> Someone:
    """Somebody who has put the laptop into the basket."""
    someone = Someone(shop.client)
    await someone.open("/laptops/7")
    await someone.send("/basket", **taken)
    return someone


def count(page: Page) -> str:
    """What stands beside the basket at the top of a page."""
    return page.text.partition("Basket ")[2].split(" ", 1)[0]


async def test_a_stranger_takes_one_more_and_none() -> None:
    async with opened() as shop:
        ada = await with_one(shop)
        page = await ada.open("/basket")
        assert "Lumen Book 12 €999" in page.text
        assert "Total €999" in page.text
        assert "/checkout" in page.links

        await ada.open("/laptops/7")
        page = await ada.send("/basket")
        assert "Total €1,998" in page.text
        assert count(await ada.open("/")) == "2"

        await ada.open("/basket")
        page = await ada.send("/basket/7", quantity="5")
        assert "Total €4,995" in page.text
        page = await ada.send("/basket/7", remove="1")
        assert "There is nothing in it yet." in page.text
        assert "/checkout" not in page.links


async def test_another_browser_has_another_basket() -> None:
    async with opened() as shop:
        await with_one(shop)
        assert "There is nothing in it yet." in (await Someone(shop.client).open("/basket")).text


async def test_a_price_that_changed_is_shown_and_counts() -> None:
    async with opened() as shop:
        ada = await with_one(shop)
        shop.laptops.answer = says(FITTED | {"price_cents": 109_950})
        page = await ada.open("/basket")
        assert "It was €999 when you put it in." in page.text
        assert "Total €1,099.50" in page.text
        assert "/checkout" in page.links


OBSTACLES: dict[str, tuple[dict[str, object], int, str]] = {
    "sold out": ({"stock": 0}, 200, "It is sold out."),
    "held for others": ({"stock": 3, "reserved": 3}, 200, "It is sold out."),
    "too few": ({"stock": 3, "reserved": 2}, 200, "Only 1 are left."),
    "no price": ({"price_cents": None}, 200, "It has no price for now."),
    "gone": ({}, 404, "It is no longer offered."),
}


@pytest.mark.parametrize("why", OBSTACLES)
async def test_what_cannot_be_ordered_says_why_and_how_to_go_on(why: str) -> None:
    changed, status, said = OBSTACLES[why]
    async with opened() as shop:
        ada = await with_one(shop, quantity="2")
        shop.laptops.answer = says(FITTED | changed, status)
        page = await ada.open("/basket")
        assert said in page.text
        assert "to go on." in page.text
        assert "/checkout" not in page.links


async def test_prices_in_two_currencies_are_no_order() -> None:
    async with opened() as shop:
        ada = await with_one(shop)
        await ada.open("/laptops/7")
        await ada.send("/basket", laptop="8", currency="USD")
        shop.laptops.answer = USELESS["503"]
        page = await ada.open("/basket")
        assert "different currencies (EUR, USD)" in page.text
        assert "/checkout" not in page.links


@pytest.mark.parametrize("how", ["503", "html", "nothing"])
async def test_without_the_catalogue_the_basket_is_as_it_was_told(how: str) -> None:
    async with opened() as shop:
        ada = await with_one(shop)
        await ada.open("/laptops/7")
        await ada.send("/basket", laptop="8", title="Never seen", price_cents="500")
        shop.laptops.answer = USELESS[how]
        page = await ada.open("/basket")
        assert page.answer.status == 200
        assert "The catalogue cannot be reached at the moment." in page.text
        assert "Total €1,004" in page.text
        assert "/checkout" in page.links, "orders wait for the stock"


async def test_what_is_sold_out_or_has_no_price_is_not_to_be_taken() -> None:
    async with opened() as shop:
        for changed in ({"stock": 0}, {"stock": 2, "reserved": 2}, {"price_cents": None}):
            shop.laptops.answer = says(FITTED | changed)
            assert "/basket" not in (await shop("/laptops/7")).forms


async def test_more_different_ones_than_an_order_has_are_refused_in_words() -> None:
    async with opened() as shop:
        ada = await with_one(shop)
        for number in range(1, LINES_MAX):
            await ada.open("/laptops/7")
            await ada.send("/basket", laptop=str(100 + number))
        await ada.open("/laptops/7")
        page = await ada.send("/basket", laptop="100")
        assert page.answer.status == 409
        assert "Take one out first." in page.text


SENSELESS: dict[str, dict[str, str]] = {
    "no id": {"laptop": "0"},
    "too large an id": {"laptop": "9" * 12},
    "no number": {"quantity": "one"},
    "none": {"quantity": "0"},
    "too many": {"quantity": "101"},
    "a debt": {"price_cents": "-1"},
    "no currency": {"currency": "euros"},
    "no title": {"title": " "},
    "what nobody asked for": {"owner": "account 1"},
}


@pytest.mark.parametrize("what", SENSELESS)
async def test_what_no_page_of_ours_sends_is_refused(what: str) -> None:
    async with opened() as shop:
        ada = Someone(shop.client)
        await ada.open("/laptops/7")
        assert (await ada.post("/basket", **SENSELESS[what])).status == 400
        assert "There is nothing in it yet." in (await ada.open("/basket")).text


@pytest.mark.parametrize("quantity", ["-1", "101", "", "x", "1.5"])
async def test_a_quantity_that_makes_no_sense_changes_nothing(quantity: str) -> None:
    async with opened() as shop:
        ada = await with_one(shop)
        await ada.open("/basket")
        assert (await ada.post("/basket/7", quantity=quantity)).status == 400
        assert "Total €999" in (await ada.open("/basket")).text


@pytest.mark.parametrize("quantity", ["", "101", "x"])
async def test_what_is_to_go_goes_whatever_was_typed_beside_it(quantity: str) -> None:
    async with opened() as shop:
        ada = await with_one(shop)
        page = await ada.open("/basket")
        (remove,) = [button for button in page.all("button") if button.get("name") == "remove"]
        assert "formnovalidate" in remove, "a browser would ask for a number first"
        page = await ada.send("/basket/7", quantity=quantity, remove="1")
        assert "There is nothing in it yet." in page.text


async def test_a_title_is_text_whoever_sent_it() -> None:
    async with opened() as shop:
        ada = await with_one(shop, title='"><script>alert(1)</script>')
        shop.laptops.answer = USELESS["503"]
        page = await ada.open("/basket")
        assert page.all("script") == []
        assert "<script>alert(1)</script>" in page.text


async def test_one_that_is_not_in_it_cannot_be_changed_and_does_no_harm() -> None:
    async with opened() as shop:
        ada = await with_one(shop)
        page = await ada.open("/basket")
        for path in ("/basket/8", f"/basket/{'9' * 18}"):
            assert (await ada.ask("POST", path, data=page.forms["/basket/7"])).status == 303
        assert "Total €999" in (await ada.open("/basket")).text
