"""The list of traces, filtered: what is asked for stands in the address, and comes back with it."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from tests.browser.consoles import Console
from tests.browser.tabs import Tab, tab
from tests.browser.telemetry import trace_id

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# All that is stored, by the service and name of what stands at the top, newest first.
SHOP, BROKEN, MARKED = "gateway GET /{path}", "laptops GET /laptops", "laptops GET /laptops/{id}"
QUICK, SLOW = "ports GET /ports", "ports GET /ports/{id}"


async def listed(opened: Tab, query: str) -> set[str]:
    """What is listed at an address with *query*, once it is there."""
    await opened.arrives(f"/traces{query}")
    await opened.page.wait_for_selector("html[data-ready] .results:not([data-old])", state="attached")
    names = await opened.page.locator("a.trace-row .trace-name .cut").all_inner_texts()
    return {" ".join(name.split()) for name in names}


async def test_everything_is_listed_newest_first(browser: Browser, console: Console) -> None:
    async with tab(browser, console.url) as opened:
        await opened.open("/traces")

        assert await listed(opened, "") == {SHOP, BROKEN, MARKED, QUICK, SLOW}
        newest = await opened.words("a.trace-row >> nth=0")
        assert newest.startswith(SHOP)
        assert "2 errors 1 retry 120 ms" in newest


async def test_free_text_finds_names_attributes_and_logs(browser: Browser, console: Console) -> None:
    async with tab(browser, console.url) as opened:
        await opened.open("/traces")
        for words, query, found in (
            ("heron-17", "?q=heron-17", {MARKED}),
            ("Call Recommend", "?q=Call+Recommend", {SHOP}),
            ("3 ports found", "?q=3+ports+found", {SHOP}),
            (trace_id("shop").hex(), f"?q={trace_id('shop').hex()}", {SHOP}),
        ):
            await opened.page.get_by_role("searchbox").fill(words)
            assert await listed(opened, query) == found


async def test_errors_only(browser: Browser, console: Console) -> None:
    async with tab(browser, console.url) as opened:
        await opened.open("/traces")
        await opened.page.get_by_role("checkbox", name="Errors only").check()
        assert await listed(opened, "?errors=1") == {SHOP, BROKEN}
        await opened.page.get_by_role("checkbox", name="Errors only").uncheck()
        assert len(await listed(opened, "")) == 5


async def test_filters_add_up_and_come_back_with_the_address(browser: Browser, console: Console) -> None:
    async with tab(browser, console.url) as opened:
        await opened.open("/traces")
        await opened.page.get_by_role("combobox", name="Service").select_option("ports")
        assert await listed(opened, "?service=ports") == {SHOP, QUICK, SLOW}
        await opened.page.get_by_role("combobox", name="Route").select_option("/ports/{id}")
        await opened.page.get_by_label("At least, ms").fill("1000")
        await opened.page.get_by_role("combobox", name="Time").select_option("15")
        query = "?service=ports&route=%2Fports%2F%7Bid%7D&min_ms=1000&minutes=15"
        assert await listed(opened, query) == {SLOW}

        await opened.reload()
        assert await listed(opened, query) == {SLOW}
        assert await opened.page.get_by_role("combobox", name="Service").input_value() == "ports"
        assert await opened.page.get_by_role("combobox", name="Route").input_value() == "/ports/{id}"
        assert await opened.page.get_by_label("At least, ms").input_value() == "1000"
        assert await opened.page.get_by_role("combobox", name="Time").input_value() == "15"
        await opened.page.get_by_role("button", name="Clear").click()
        assert len(await listed(opened, "")) == 5
        assert await opened.page.get_by_role("combobox", name="Service").input_value() == ""


async def test_a_filter_that_fits_nothing_says_so_and_offers_all(browser: Browser, console: Console) -> None:
    async with tab(browser, console.url) as opened:
        await opened.open("/traces?q=no-such-words")
        await opened.shows("No trace fits these filters")
        await opened.page.get_by_role("link", name="Show them all").click()

        assert len(await listed(opened, "")) == 5


async def test_a_trace_that_the_back_button_leaves_was_opened_from_the_filtered_list(
    browser: Browser, console: Console
) -> None:
    async with tab(browser, console.url) as opened:
        await opened.open("/traces?errors=1")
        await opened.page.get_by_role("link", name="GET /laptops").click()
        await opened.page.get_by_role("tree").wait_for()
        await opened.page.go_back()

        assert await listed(opened, "?errors=1") == {SHOP, BROKEN}


async def test_retries_only(browser: Browser, console: Console) -> None:
    async with tab(browser, console.url) as opened:
        await opened.open("/traces")
        await opened.page.get_by_role("checkbox", name="Retries only").check()
        assert await listed(opened, "?retries=1") == {SHOP}
        await opened.reload()
        assert await listed(opened, "?retries=1") == {SHOP}
        assert await opened.page.get_by_role("checkbox", name="Retries only").is_checked()
