"""Somebody who shops in a real browser, from sign-up to an order that is confirmed: for the pictures."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.async_api import Page

_EMAIL, _PASSWORD = "visitor@example.com", "three words and a comma"
_LAPTOPS = (1, 5)
_PAGE_MS = 20_000

Shot = Callable[["Page", str], Awaitable[None]]


async def shop(page: Page, url: str, take: Shot) -> None:
    """Buy two laptops at *url*, and *take* a picture of each page that is worth one."""
    page.set_default_timeout(_PAGE_MS)
    await page.goto(f"{url}/signup")
    await take(page, "shop-signup")
    await page.get_by_label("Email").fill(_EMAIL)
    await page.get_by_label("Password").fill(_PASSWORD)
    await page.locator("main").get_by_role("button", name="Sign up").click()
    for laptop in _LAPTOPS:
        await page.goto(f"{url}/laptops/{laptop}")
        await page.get_by_role("button", name="Put into the basket").click()
    await take(page, "shop-basket")
    await page.get_by_role("link", name="Go to checkout").click()
    await take(page, "shop-checkout")
    await page.get_by_role("button", name="Order and pay").click()
    await page.wait_for_selector("text=confirmed")
    await take(page, "shop-order")
    await page.goto(f"{url}/notifications")
    await take(page, "shop-notifications")
