"""Every page of the console, in both themes, wide and narrow: the browser has nothing to complain about."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from tests.browser.consoles import Console
from tests.browser.tabs import NARROW, WIDE, tab
from tests.browser.telemetry import page_of

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SHOP = page_of("shop")

# The pages by name, and a text that only stands there when the data has come.
PAGES = {
    "services": ("/?open=ports", "dial tcp: connection refused"),
    "service": ("/services/ports", "mesh.retry.budget"),
    "traces": ("/traces", "These are all that are kept."),
    "trace": (SHOP, "attempt 2 → ports-3"),
    "logs": (f"{SHOP}?tab=logs", "3 ports found"),
    "map": ("/map", "ring: instances that pass"),
}


@pytest.mark.parametrize(("theme", "width"), [("light", WIDE), ("dark", NARROW)])
@pytest.mark.parametrize("name", PAGES)
async def test_a_page_opens_without_complaints_and_fits_its_window(
    browser: Browser, console: Console, name: str, theme: str, width: int
) -> None:
    path, text = PAGES[name]
    async with tab(browser, console.url, width=width, dark=theme == "dark") as opened:
        await opened.open(path)
        await opened.shows(text)
        assert await opened.sideways() <= 0

        # And in the other, while it is open.
        await opened.resize(NARROW if width == WIDE else WIDE)
        await opened.darken(theme == "light")
        assert await opened.sideways() <= 0

        assert opened.wrong == []
        assert await opened.intruded() == [""]


async def test_a_link_leads_from_page_to_page_and_back_leads_back(browser: Browser, console: Console) -> None:
    async with tab(browser, console.url) as opened:
        await opened.open("/")
        await opened.page.get_by_role("link", name="Traces", exact=True).click()
        await opened.page.get_by_role("heading", name="Traces").wait_for()
        await opened.page.get_by_role("link", name="Map", exact=True).click()
        await opened.page.get_by_role("group", name="Service map").wait_for()
        await opened.page.go_back()
        await opened.page.get_by_role("heading", name="Traces").wait_for()

        assert opened.path == "/traces"
        assert opened.wrong == []


async def test_the_chosen_theme_stays(browser: Browser, console: Console) -> None:
    async with tab(browser, console.url) as opened:
        await opened.open("/")
        ground = "getComputedStyle(document.documentElement).backgroundColor"
        light = await opened.page.evaluate(ground)
        await opened.page.get_by_role("button", name="Switch to the dark theme").click()
        await opened.page.get_by_role("button", name="Switch to the light theme").wait_for()
        dark = await opened.page.evaluate(ground)
        await opened.reload()

        assert dark != light
        assert await opened.page.evaluate(ground) == dark


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/trace/00000000000000000000000000000001", "This trace is not here"),
        ("/services/nobody", "Not in the registry"),
        ("/traces?q=no-such-words", "No trace fits these filters"),
    ],
)
async def test_what_is_not_there_is_said_and_there_is_a_way_on(
    browser: Browser, console: Console, path: str, text: str
) -> None:
    async with tab(browser, console.url, width=NARROW) as opened:
        await opened.open(path)
        await opened.shows(text)

        assert await opened.page.get_by_role("link", name="Services", exact=True).first.is_visible()
        assert await opened.sideways() <= 0
