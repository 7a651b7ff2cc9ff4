"""Everything by the keyboard alone, as the help describes it."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from tests.browser.consoles import Console
from tests.browser.tabs import Tab, tab
from tests.browser.telemetry import page_of, span_id

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SHOP = page_of("shop")

# The rows of the trace that is looked at here, from the top.
AT_REFUSED, AT_AGAIN = span_id("try ports").hex(), span_id("again ports").hex()


async def focused(opened: Tab) -> str:
    """What has the focus: its name for assistive technology, or its text."""
    name: str = await opened.page.evaluate(
        "(document.activeElement.ariaLabel || document.activeElement.textContent).replace(/\\s+/g, ' ').trim()"
    )
    return name


async def active(opened: Tab) -> str:
    """The line of the waterfall that the keys have come to."""
    row = await opened.page.evaluate("document.querySelector('[role=tree]').getAttribute('aria-activedescendant')")
    return "" if row is None else str(row).removeprefix("row-")


async def outlined(opened: Tab) -> bool:
    """Whether it can be seen where the focus is."""
    style, width = await opened.page.evaluate(
        "(({ outlineStyle, outlineWidth }) => [outlineStyle, parseFloat(outlineWidth)])"
        "(getComputedStyle(document.activeElement))"
    )
    return bool(style != "none" and width >= 1)


async def test_two_keys_go_to_each_page(browser: Browser, console: Console) -> None:
    async with tab(browser, console.url) as opened:
        await opened.open("/")
        for key, path, heading in (("t", "/traces", "Traces"), ("m", "/map", "Map"), ("s", "/", "Services")):
            await opened.press("g", key)
            await opened.page.get_by_role("heading", name=heading, exact=True, level=1).wait_for()
            assert opened.path == path


async def test_the_help_names_the_keys_and_escape_closes_it(browser: Browser, console: Console) -> None:
    async with tab(browser, console.url) as opened:
        await opened.open("/traces")
        await opened.press("?")
        dialog = opened.page.get_by_role("dialog", name="Keys")
        await dialog.wait_for()
        named = set((await dialog.inner_text()).split())
        assert {"g", "/", "?", "Esc", "j", "k", "Enter", "→", "←", "z", "e"} <= named
        assert await outlined(opened)

        await opened.press("j", "Escape")
        await dialog.wait_for(state="detached")
        assert opened.path == "/traces"


async def test_the_first_stop_is_a_way_past_the_navigation(browser: Browser, console: Console) -> None:
    async with tab(browser, console.url) as opened:
        await opened.open("/traces")
        await opened.press("Tab")
        assert await focused(opened) == "Skip to the content"
        assert await outlined(opened)
        await opened.press("Enter")

        assert await opened.page.evaluate("document.activeElement.id") == "main"


async def test_everything_that_tab_reaches_can_be_seen_to_have_the_focus(browser: Browser, console: Console) -> None:
    async with tab(browser, console.url) as opened:
        await opened.open("/?open=ports")
        reached = []
        for _ in range(40):
            await opened.press("Tab")
            if (name := await focused(opened)) in reached or await opened.page.evaluate(
                "document.activeElement === document.body"
            ):
                break
            reached.append(name)
            assert await outlined(opened), name

        assert {"Services", "Traces", "Map", "Unfold all", "Instances of ports"} <= set(reached)


async def test_a_service_is_unfolded_and_folded(browser: Browser, console: Console) -> None:
    async with tab(browser, console.url) as opened:
        await opened.open("/")
        await opened.press("j", "j", "k")
        assert await focused(opened) == "Instances of console"
        await opened.press("ArrowDown", "Enter")
        await opened.shows("127.0.0.1:8001")
        assert opened.path == "/?open=gateway"
        await opened.press("Enter")
        await opened.arrives("/")


async def test_a_trace_is_found_and_opened_and_a_span_looked_at(browser: Browser, console: Console) -> None:
    async with tab(browser, console.url) as opened:
        await opened.open("/traces")
        await opened.press("/")
        await opened.page.keyboard.type("call ports")
        await opened.page.wait_for_url("**/traces?q=call+ports")
        await opened.page.wait_for_selector("html[data-ready]", state="attached")
        await opened.press("Escape", "j")
        assert "GET /{path}" in await focused(opened)
        assert await outlined(opened)

        await opened.press("Enter")
        await opened.page.get_by_role("tree").wait_for()
        assert opened.path == SHOP
        await opened.press("e")
        assert await active(opened) == AT_REFUSED
        await opened.press("Enter")
        details = opened.page.get_by_role("complementary", name="Details of the span")
        await details.wait_for()
        assert opened.path == f"{SHOP}#{AT_REFUSED}"
        assert "ports-2" in await details.inner_text()

        # With the details open, they follow the keys.
        await opened.press("j", "j")
        await opened.arrives(f"{SHOP}#{AT_AGAIN}")
        await opened.press("Escape")
        await details.wait_for(state="detached")
        await opened.arrives(SHOP)


async def test_the_arrows_walk_along_the_tree(browser: Browser, console: Console) -> None:
    async with tab(browser, console.url) as opened:
        await opened.open(SHOP)
        attempt = opened.page.get_by_role("treeitem", name="gateway: attempt 1")
        # Down to the attempt, which is folded before the next step goes up.
        await opened.press("j", "ArrowRight", "ArrowRight", "ArrowLeft")
        await opened.counts("[role=treeitem]", 3)
        assert await attempt.get_attribute("aria-expanded") == "false"
        await opened.press("ArrowLeft")
        assert await active(opened) == span_id("to marketplace").hex()
        await opened.press("ArrowRight", "ArrowRight")
        await opened.counts("[role=treeitem]", 15)
        assert await attempt.get_attribute("aria-expanded") == "true"

        await opened.press("End")
        assert await active(opened) == span_id("ports").hex()
        await opened.press("Home")
        assert await active(opened) == span_id("gateway").hex()


async def test_zooming_goes_to_a_span_and_back(browser: Browser, console: Console) -> None:
    async with tab(browser, console.url) as opened:
        await opened.open(SHOP)
        await opened.press("e", "z")
        await opened.page.wait_for_url("**?part=*")
        await opened.page.get_by_role("button", name="Whole trace").wait_for()
        await opened.press("z")

        await opened.arrives(SHOP)
