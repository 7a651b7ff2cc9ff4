"""What a person does in the shop, in a browser, from the first look to being told that it is theirs; then come staff.

Every service takes part, and nothing here knows what the shop runs on. Where a busy machine answers too late the page
says so, and what a person does then is done here, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.tabs import Tab, tab

ADA = {"Email": "ada@example.com", "Password": "correct horse battery staple"}
# What several services do one after the other, on a machine that has others to do.
PATIENCE_MS = 60_000
TIMES = 12


async def press(page: Page, name: str, **fields: str) -> None:
    """Fill in the form that has this button, and press it."""
    for label, text in fields.items():
        await page.locator("main").get_by_label(label.replace("_", " ")).fill(text)
    async with page.expect_navigation():
        await page.locator("main").get_by_role("button", name=name).click()


async def follow(page: Page, name: str) -> None:
    async with page.expect_navigation():
        await page.locator("main").get_by_role("link", name=name).click()


async def is_at(page: Page, heading: str) -> bool:
    return await page.locator("h1").inner_text() == heading


async def look_for(opened: Tab, title: str) -> int:
    """By what fits a charger, until the laptop itself is open; the answer is how many there are."""
    page = opened.page
    await opened.open("/", "main")
    await page.get_by_role("radio", name="Magnetic").check()
    await page.get_by_role("radio", name="15 and 16 inches").check()
    await press(page, "Show laptops")
    await follow(page, "Cheapest")
    assert opened.path == "/?port=magnetic&screen=large&sort=price"
    assert await page.locator(".found h2").all_inner_texts() == ["Merle Feather 15 Pro", "Hartwell Studio 16"]
    await page.locator(".found").get_by_role("link", name=title).click()
    await page.get_by_role("heading", name=title, level=1).wait_for()
    found = re.search(r"(\d+) in stock", await opened.words())
    assert found is not None, await opened.words()
    return int(found[1])


async def sign_up(page: Page) -> None:
    """Until the checkout is open, which is for who is known."""
    await follow(page, "Sign up")
    await press(page, "Sign up", **ADA)
    for _ in range(TIMES):
        if await is_at(page, "Checkout"):
            return
        # It was not heard in time, and perhaps it was done: then one can log in.
        way = "Sign up" if await is_at(page, "Log in") else "Log in"
        await follow(page, way)
        await press(page, way, **ADA)
    pytest.fail(f"nobody was let in: {await page.inner_text('main')}")


async def buy(page: Page) -> str:
    """From the laptop that is open to an order that is confirmed, whose number is the answer."""
    await press(page, "Put into the basket")
    await follow(page, "Go to checkout")
    await sign_up(page)
    for _ in range(TIMES):
        await press(page, "Order and pay €1,899")
        if number := re.fullmatch(r"Order (\d+)", await page.locator("h1").inner_text()):
            await page.get_by_text("It is paid and yours.").wait_for(timeout=PATIENCE_MS)
            return number[1]
    pytest.fail(f"nothing was ordered: {await page.inner_text('main')}")


async def is_told(opened: Tab, order: str) -> None:
    """Of how the order ended, on the page that is open, whenever that comes."""
    for _ in range(TIMES):
        await opened.open("/notifications", "main")
        if await is_at(opened.page, "Notifications"):
            break
    for title in (f"We have your order {order}", f"Your order {order} is confirmed"):
        await expect(opened.page.get_by_role("link", name=title)).to_be_visible(timeout=PATIENCE_MS)


async def change_stock(opened: Tab, made: Mapping[str, str], left: int) -> None:
    """Staff see the order, and that so many are *left* of what was sold, and say that there are 3."""
    page = opened.page
    await opened.open("/login?next=/staff", "main")
    for _ in range(TIMES):
        await press(page, "Log in", Email=made["email"], Password=made["password"])
        if not await is_at(page, "Log in"):
            break
    for _ in range(TIMES):
        if await is_at(page, "Orders"):
            break
        await follow(page, "Open the page again")
    await expect(page.get_by_role("row").nth(1)).to_contain_text("Confirmed")

    for _ in range(TIMES):
        await opened.open("/staff/stock/2", "main")
        if await is_at(page, "Merle Feather 15 Pro"):
            stock = await page.get_by_label("How many are there").input_value()
            if stock == "3":
                return
            assert stock == str(left)
            await press(page, "Save", How_many_are_there="3")
    pytest.fail(f"nothing was saved: {await page.inner_text('main')}")


async def shops(browser: Browser, gateway: str, staff: Mapping[str, str]) -> None:
    """Somebody buys a laptop in the shop at *gateway*, and *staff*, an email and a password, look after it."""
    async with tab(browser, gateway) as ada, tab(browser, gateway) as behind:
        there = await look_for(ada, "Merle Feather 15 Pro")
        order = await buy(ada.page)
        await is_told(ada, order)
        # Who stays on that page keeps a request open, which would be the slowest of all.
        await ada.open("/laptops/2", "main")

        await change_stock(behind, staff, there - 1)
        await ada.open("/laptops/2", "main")
        await expect(ada.page.get_by_text("only 3 left").first).to_be_visible()
        assert (ada.wrong, behind.wrong) == ([], [])
