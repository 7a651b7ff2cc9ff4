"""The shop in a browser that runs no script: it needs none, and it goes on when somebody is away."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from tests.browser.shops import AWAY, CATALOGUE, WITHOUT_PORTS, shop
from tests.browser.tabs import NARROW, WIDE, Tab, tab

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

WIDTHS = pytest.mark.parametrize("width", [WIDE, NARROW])


async def fits_and_is_well(opened: Tab) -> bool:
    """Whether nothing stands out of the window, and the browser had nothing to complain about but a missing page."""
    wrong = [complaint for complaint in opened.wrong if "404" not in complaint]
    return await opened.sideways() <= 0 and wrong == []


async def heading(opened: Tab) -> str:
    return await opened.page.locator("h1").inner_text()


@WIDTHS
async def test_a_visitor_browses_searches_and_looks_at_a_laptop(browser: Browser, width: int) -> None:
    async with shop() as served, tab(browser, served.url, width=width, script=False) as opened:
        await opened.open("/", "main")
        assert await opened.page.locator("h2 a").count() == 4
        await opened.shows("Costs about the same")

        await opened.page.get_by_role("searchbox").fill("forge")
        await opened.page.keyboard.press("Enter")
        await opened.page.wait_for_url("**/?q=forge")
        assert await opened.page.locator("h2 a").all_inner_texts() == ["Hartwell Forge 15"]

        await opened.page.get_by_role("link", name="Hartwell Forge 15").first.click()
        await opened.page.wait_for_url("**/laptops/2")
        assert await heading(opened) == "Hartwell Forge 15"
        assert "On the left Left USB-C USB-C, up to 60 W" in await opened.words()
        assert await fits_and_is_well(opened)


@WIDTHS
async def test_a_visitor_narrows_the_laptops_down_and_takes_that_away_again(browser: Browser, width: int) -> None:
    async with shop() as served, tab(browser, served.url, width=width, script=False) as opened:
        await opened.open("/", "main")
        if width == NARROW:
            await opened.page.get_by_text("Narrow it down").click()
        await opened.page.get_by_role("radio", name="Barrel").check()
        await opened.page.get_by_label("It takes in at least").select_option("100 W")
        await opened.page.get_by_role("button", name="Show laptops").click()
        await opened.page.wait_for_url("**/?port=barrel&watts=100")
        assert await opened.page.locator("h2 a").all_inner_texts() == ["Lumen Book 12"]
        assert await fits_and_is_well(opened)

        await opened.page.get_by_role("link", name="Without Barrel").click()
        await opened.page.get_by_role("link", name="Cheapest").click()
        await opened.page.wait_for_url("**/?watts=100&sort=price")
        await opened.page.get_by_role("link", name="Show all laptops").click()
        await opened.page.wait_for_url(f"{served.url}/")
        assert await opened.page.locator("h2 a").count() == 4


@WIDTHS
async def test_a_laptop_that_is_not_there_is_a_page_with_a_way_on(browser: Browser, width: int) -> None:
    async with shop() as served, tab(browser, served.url, width=width, script=False) as opened:
        await opened.open("/laptops/99", "main")
        assert "404" in await opened.words()
        assert await fits_and_is_well(opened)
        await opened.page.get_by_role("link", name="Show all laptops").click()
        await opened.page.wait_for_url(f"{served.url}/")


@WIDTHS
async def test_without_recommendations_the_page_stays_and_says_so(browser: Browser, width: int) -> None:
    async with shop(recommendations=AWAY) as served, tab(browser, served.url, width=width, script=False) as opened:
        for path in ("/", "/laptops/1"):
            await opened.open(path, "main")
            section = opened.page.get_by_role("region", name="Recommended" if path == "/" else "Also worth a look")
            assert "away" in await section.inner_text()
            assert "Lumen Book 12" in await opened.words()
            assert await fits_and_is_well(opened)


@WIDTHS
async def test_without_ports_the_laptop_stays_and_the_page_says_so(browser: Browser, width: int) -> None:
    async with shop(WITHOUT_PORTS) as served, tab(browser, served.url, width=width, script=False) as opened:
        await opened.open("/laptops/1", "main")

        assert "ports are away" in await opened.page.get_by_role("status").inner_text()
        assert await heading(opened) == "Lumen Book 12"
        assert await fits_and_is_well(opened)


@WIDTHS
async def test_without_the_catalogue_what_was_seen_before_stays_and_the_rest_offers_to_try_again(
    browser: Browser, width: int
) -> None:
    async with shop() as served, tab(browser, served.url, width=width, script=False) as opened:
        await opened.open("/laptops/1", "main")
        served.laptops.answer = AWAY
        await opened.open("/laptops/1", "main")
        assert "cannot be reached" in await opened.page.get_by_role("status").inner_text()
        assert await fits_and_is_well(opened)
        assert await heading(opened) == "Lumen Book 12"

        await opened.open("/laptops/2", "main")
        assert await heading(opened) == "The shelves are out of reach"
        assert await fits_and_is_well(opened)
        served.laptops.answer = CATALOGUE
        await opened.page.get_by_role("link", name="Retry").click()
        await opened.page.get_by_role("heading", name="Hartwell Forge 15").wait_for()
