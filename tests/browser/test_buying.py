"""Somebody buys in a browser: with a script an order is watched, and without one its page asks for itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser

import discovery
from tests.browser.tabs import NARROW, WIDE, Tab, tab
from tests.services.marketplace.market import Market, market
from tests.services.marketplace.patience import patient

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def buy(opened: Tab) -> None:
    """From a laptop to the page of its order."""
    page = opened.page
    await opened.open("/laptops/3", "main")
    await page.get_by_role("button", name="Put into the basket").click()
    await page.get_by_role("link", name="Go to checkout").click()
    await page.get_by_role("link", name="Sign up").click()
    await page.get_by_label("Email").fill("ada@example.org")
    await page.get_by_label("Password").fill("correct horse")
    await page.get_by_role("button", name="Sign up").click()
    await page.get_by_role("button", name="Order and pay €3,299").click()
    await page.get_by_role("heading", name="Order 1").wait_for()


def url(there: Market) -> str:
    return f"http://{there.shop.address}"


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize("width", [WIDE, NARROW])
async def test_an_order_is_confirmed_while_its_customer_looks(
    browser: Browser, width: int, script: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient(monkeypatch)
    async with (
        market(discovery.StaticRegistry(), tmp_path) as there,
        tab(browser, url(there), width=width, script=script) as opened,
    ):
        await there.close("payments")
        await buy(opened)
        assert "Reserved and paid : under way" in await opened.words()
        assert await opened.sideways() <= 0
        await there.open("payments")
        await opened.shows("It is paid and yours.")
        await opened.page.get_by_role("button", name="Put it into the basket again").wait_for()
        assert await opened.sideways() <= 0
        assert opened.wrong == []
