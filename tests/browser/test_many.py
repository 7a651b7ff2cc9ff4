"""Twenty thousand spans stored: pages open, scroll, and hold only what can be seen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.browser.consoles import Console, opened
from tests.browser.tabs import NARROW, WIDE, tab
from tests.browser.telemetry import Span, page_of, request, shop_trace, span_id

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

TRACES, LONG_ONE = 1_200, 2_000
SPANS = TRACES * len(shop_trace()) + LONG_ONE
# A screen of rows with what is drawn beyond its edges; far from all of them.
MANY_ROWS = 100


def long_trace() -> Iterator[Span]:
    """A request that made very many steps, one after the other."""
    yield request("top", "", "laptops-1", "GET /all", 0, LONG_ONE)
    for number in range(1, LONG_ONE):
        yield Span(id=f"step {number}", parent="top", service="laptops", instance="laptops-1",
                   name=f"step {number}", at=float(number), lasted=0.9)  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def full(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Console]:
    """A console in which much is stored."""
    spans = shop_trace()
    async with opened(tmp_path_factory.mktemp("full")) as console:
        for batch in range(0, TRACES, 100):
            await console.store({f"trace {number}": spans for number in range(batch, batch + 100)}, ago_ms=5000)
        await console.store({"long": long_trace()})
        yield console


async def test_the_list_opens_scrolls_and_goes_on(browser: Browser, full: Console) -> None:
    async with tab(browser, full.url) as looking:
        await looking.open("/traces")
        await looking.shows(f"{TRACES + 1:,} traces with {SPANS:,} spans stored")
        page = await looking.page.locator("a.trace-row").count()
        assert 0 < page < TRACES / 4
        for shown in (2 * page, 3 * page):
            await looking.page.get_by_role("button", name="Show older traces").click()
            await looking.counts("a.trace-row", shown)
        addresses = await looking.page.locator("a.trace-row").evaluate_all("rows => rows.map((row) => row.href)")

        assert len(set(addresses)) == 3 * page
        await looking.page.locator("a.trace-row").last.scroll_into_view_if_needed()
        assert looking.wrong == []


async def test_the_map_opens(browser: Browser, full: Console) -> None:
    async with tab(browser, full.url) as looking:
        await looking.open("/map")
        edge = looking.page.get_by_role("link", name="laptops calls ports")

        assert f"{TRACES:,} retries" in " ".join((await edge.get_attribute("aria-label") or "").split())
        assert looking.wrong == []


async def test_a_long_trace_scrolls_and_only_rows_near_the_screen_exist(browser: Browser, full: Console) -> None:
    async with tab(browser, full.url, width=NARROW) as looking:
        await looking.open(page_of("long"))
        rows, last = looking.page.get_by_role("treeitem"), f"#row-{span_id(f'step {LONG_ONE - 1}').hex()}"
        for width in (NARROW, WIDE):
            await looking.resize(width)
            assert 0 < await rows.count() < MANY_ROWS
            assert await looking.sideways() <= 0
        assert await looking.page.locator(last).count() == 0

        await looking.page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        await looking.page.locator(last).wait_for()
        assert 0 < await rows.count() < MANY_ROWS
        assert await looking.page.locator(f"#row-{span_id('step 1').hex()}").count() == 0
        assert looking.wrong == []


async def test_keys_and_links_reach_what_is_far_away(browser: Browser, full: Console) -> None:
    async with tab(browser, full.url) as looking:
        await looking.open(page_of("long"))
        await looking.press("End")
        await looking.page.get_by_role("treeitem", name=f"laptops: step {LONG_ONE - 1},").wait_for()
        await looking.press("Home", "ArrowLeft")
        await looking.counts("[role=treeitem]", 1)

        middle = span_id("step 1000").hex()
        await looking.open(f"{page_of('long')}#{middle}")
        await looking.page.wait_for_function(
            "id => { const { top } = document.getElementById(id).getBoundingClientRect();"
            " return top > 0 && top < innerHeight; }",
            arg=f"row-{middle}",
        )
        assert await looking.page.get_by_role("treeitem").count() < MANY_ROWS


async def test_seeking_finds_one_span_of_thousands(browser: Browser, full: Console) -> None:
    async with tab(browser, full.url) as looking:
        await looking.open(page_of("long"))
        await looking.page.get_by_role("searchbox").fill("step 1234")
        await looking.shows("1 hit")

        await looking.counts("[role=treeitem]", 2)
