"""A trace tells at a glance what was called, what was tried, who refused, and who answered."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from tests.browser.consoles import Console
from tests.browser.tabs import Tab, tab
from tests.browser.telemetry import page_of, span_id

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SHOP = page_of("shop")


async def sentences(opened: Tab) -> list[str]:
    """The lines of the waterfall as a screen reader speaks them."""
    labels: list[str] = await opened.page.get_by_role("treeitem").evaluate_all(
        "rows => rows.sort((one, other) => one.offsetTop - other.offsetTop)"
        ".map((row) => row.ariaLabel.replace(/\\u00a0/g, ' '))"
    )
    return labels


async def line(opened: Tab, span: str) -> str:
    """The words on the line of a span."""
    return await opened.words(f"#row-{span_id(span).hex()}")


async def test_a_call_is_told_with_its_attempts_the_refusal_and_the_instance_that_answered(
    browser: Browser, console: Console
) -> None:
    async with tab(browser, console.url) as opened:
        await opened.open(SHOP)
        said = await sentences(opened)

        assert len(said) == 15
        assert said[10:] == [
            "laptops: call ports, 200, 70 ms, 2 attempts",
            "laptops: attempt 1 → ports-2, 503 nacked, 8 ms, failed",
            "ports: GET /ports, 503, 5 ms, refused: draining, failed",
            "laptops: attempt 2 → ports-3, 200, 45 ms, after waiting 12 ms, because: nacked",
            "ports: GET /ports, 200, 42 ms",
        ]


async def test_the_same_can_be_read_off_the_lines(browser: Browser, console: Console) -> None:
    async with tab(browser, console.url) as opened:
        await opened.open(SHOP)

        assert "2 attempts" in await line(opened, "to ports")
        first, second = await line(opened, "try ports"), await line(opened, "again ports")
        assert "attempt 1 → ports-2" in first
        assert "503 nacked" in first
        assert "chosen" not in first
        assert "attempt 2 → ports-3" in second
        assert "200 · chosen" in second
        assert "refused: draining" in await line(opened, "refused")


async def test_what_did_not_go_straight_is_told_above_the_waterfall(browser: Browser, console: Console) -> None:
    async with tab(browser, console.url) as opened:
        await opened.open(SHOP)
        story = " ".join((await opened.page.get_by_role("region", name="did not go straight").inner_text()).split())

        assert story.startswith("laptops-2 call ports")
        assert story.index("ports-2") < story.index("503 nacked: draining") < story.index("ports-3 200")
        await opened.page.get_by_role("link", name="ports-3").click()
        await opened.arrives(f"{SHOP}#{span_id('again ports').hex()}")


async def test_a_span_that_is_chosen_stands_in_the_address_and_comes_back_with_it(
    browser: Browser, console: Console
) -> None:
    async with tab(browser, console.url) as opened:
        await opened.open(SHOP)
        details = opened.page.get_by_role("complementary", name="Details of the span")
        await opened.page.locator(f"#row-{span_id('again ports').hex()}").click()
        await details.wait_for()
        assert opened.path == f"{SHOP}#{span_id('again ports').hex()}"

        await opened.reload()
        await details.wait_for()
        told = await opened.words("aside")
        assert "attempt 2 → ports-3" in told
        assert "Sent to ports-3" in told
        assert "and is what the caller got" in told
        assert "since the one before was nacked" in told
        assert "mesh.retry.delay 0.012" in told
        chosen = opened.page.get_by_role("treeitem", selected=True)
        assert await chosen.get_attribute("id") == f"row-{span_id('again ports').hex()}"

        await opened.page.go_back()
        await details.wait_for(state="detached")


async def test_a_fold_hides_what_is_below_and_a_link_to_it_unfolds(browser: Browser, console: Console) -> None:
    async with tab(browser, console.url) as opened:
        await opened.open(SHOP)
        await opened.page.get_by_role("button", name="Fold calls").click()
        await opened.counts("[role=treeitem]", 2)
        await opened.page.get_by_role("link", name="ports-3").click()

        await opened.page.locator(f"#row-{span_id('again ports').hex()}[aria-selected=true]").wait_for()


async def test_seeking_in_a_trace_leaves_the_hits_and_the_way_to_them(browser: Browser, console: Console) -> None:
    async with tab(browser, console.url) as opened:
        await opened.open(SHOP)
        await opened.page.get_by_role("searchbox").fill("draining")
        await opened.page.wait_for_url("**?find=draining")
        await opened.shows("1 hit")
        assert len(await sentences(opened)) == 13

        await opened.reload()
        await opened.shows("1 hit")
        assert await opened.page.get_by_role("searchbox").input_value() == "draining"


async def test_the_logs_of_a_trace_are_shown_and_lead_to_their_spans(browser: Browser, console: Console) -> None:
    async with tab(browser, console.url) as opened:
        await opened.open(SHOP)
        await opened.page.get_by_role("tab", name="Logs").click()
        await opened.arrives(f"{SHOP}?tab=logs")
        first, second = await opened.page.get_by_role("tabpanel").get_by_role("listitem").all()
        assert "ports-2" in await first.inner_text()
        assert "refused: draining" in await first.inner_text()
        assert "3 ports found" in await second.inner_text()

        await second.get_by_role("link", name="its span").click()
        await opened.arrives(f"{SHOP}#{span_id('ports').hex()}")
        assert "3 ports found" in await opened.words("aside")
