"""Nobody is kept out: axe finds nothing serious on any page of the console or the shop, in either theme."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from tests.browser.consoles import Console
from tests.browser.shops import AWAY, WITHOUT_PORTS, shop
from tests.browser.tabs import NARROW, WIDE, Tab, tab
from tests.browser.telemetry import page_of, span_id

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SHOP = page_of("shop")

CONSOLE = {
    "services": "/?open=ports",
    "service": "/services/ports",
    "traces": "/traces?errors=1",
    "trace": SHOP,
    "details": f"{SHOP}#{span_id('again ports').hex()}",
    "logs": f"{SHOP}?tab=logs",
    "map": "/map",
    "nothing": "/traces?q=no-such-words",
}


async def barriers_in_both_themes(opened: Tab) -> list[str]:
    light = await opened.barriers()
    await opened.darken(True)
    return [*light, *(f"dark: {barrier}" for barrier in await opened.barriers())]


@pytest.mark.parametrize("name", CONSOLE)
async def test_a_page_of_the_console_has_no_barriers(browser: Browser, console: Console, name: str) -> None:
    async with tab(browser, console.url, width=NARROW if name == "details" else WIDE) as opened:
        await opened.open(CONSOLE[name])

        assert await barriers_in_both_themes(opened) == []


async def test_the_help_has_no_barriers(browser: Browser, console: Console) -> None:
    async with tab(browser, console.url) as opened:
        await opened.open("/")
        await opened.press("?")
        await opened.page.get_by_role("dialog").wait_for()

        assert await barriers_in_both_themes(opened) == []


@pytest.mark.parametrize("path", ["/", "/laptops/1", "/laptops/99", "/?q=nothing+like+it"])
async def test_a_page_of_the_shop_has_no_barriers(browser: Browser, path: str) -> None:
    async with shop() as served, tab(browser, served.url) as opened:
        await opened.open(path, "main")

        assert await barriers_in_both_themes(opened) == []


async def test_a_page_of_the_shop_that_does_without_its_neighbours_has_no_barriers(browser: Browser) -> None:
    async with shop(WITHOUT_PORTS, AWAY) as served, tab(browser, served.url, width=NARROW) as opened:
        await opened.open("/laptops/1", "main")
        found = await barriers_in_both_themes(opened)
        served.laptops.answer = AWAY
        await opened.open("/laptops/1", "main")
        found += await barriers_in_both_themes(opened)
        await opened.open("/laptops/2", "main")

        assert found + await barriers_in_both_themes(opened) == []
