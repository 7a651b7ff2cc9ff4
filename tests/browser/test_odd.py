"""What is out of the ordinary is said, and spoils nothing of the rest."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.browser.consoles import Console, opened
from tests.browser.tabs import NARROW, WIDE, tab
from tests.browser.telemetry import Span, attempt, plain_trace, request

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

WIDEST = "W" * 40
# Below this there can be no axis of which each minute of decades has its tick.
FEW_NODES = 2_000

# Of the texts that a selector finds, those that stand out of their drawing.
CUT = """selector => [...document.querySelectorAll(selector)].filter((text) => {
  const [inner, outer] = [text, text.closest("svg")].map((one) => one.getBoundingClientRect());
  return inner.left < outer.left - 1 || inner.right > outer.right + 1;
}).map((text) => text.textContent)"""
# Whether the text of a box takes the pointer beyond it: SVG clips what is drawn and can be hit, not what is measured.
STANDS_OUT = """() => {
  const node = [...document.querySelectorAll(".node")].find((one) => one.textContent.includes("WWWW"));
  node.scrollIntoView({ block: "center" });
  const { right } = node.querySelector(".box").getBoundingClientRect();
  const { top, bottom } = node.querySelector(".node-name").getBoundingClientRect();
  const hits = (x) => node.contains(document.elementFromPoint(x, (top + bottom) / 2));
  return [hits(right - 4), hits(right + 4)];
}"""


def rare(calls: int) -> list[Span]:
    """A caller with a name as wide as can be, who was answered 404 each time."""
    return [
        request("top", "", f"{WIDEST}-1", "GET /", 0, 50),
        *(
            attempt(f"try {number}", "top", f"{WIDEST}-1", "ports-1", number, 5, status=404, failed=True)
            for number in range(calls)
        ),
        request("only", "try 0", "ports-1", "GET /ports", 1, 3, status=404),
    ]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def odd(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Console]:
    """A console with a trace from long ago, a very long one, and names too wide for their boxes."""
    async with opened(tmp_path_factory.mktemp("odd")) as console:
        await console.store({"rare": rare(40)})
        await console.store(
            {f"plain {number}": plain_trace(lasted=1_000_000.0) for number in range(3)}, ago_ms=1_060_000
        )
        await console.store({"from two days ago": plain_trace()}, ago_ms=48 * 3_600_000)
        yield console


@pytest.mark.parametrize("width", [WIDE, NARROW])
async def test_one_wrong_clock_leaves_the_scatter_to_the_others(browser: Browser, odd: Console, width: int) -> None:
    async with tab(browser, odd.url, width=width) as looking:
        await looking.open("/traces")

        await looking.counts("a.trace-row", 5)
        await looking.counts(".scatter .point", 4)
        await looking.shows("1 trace outside")
        assert await looking.page.locator("*").count() < FEW_NODES
        assert await looking.page.evaluate(CUT, ".scatter .tick[text-anchor=end]") == []
        assert await looking.page.locator(".scatter .tick").get_by_text("16.7 min").count() == 1
        assert looking.wrong == []


async def test_the_axis_of_a_long_time_has_few_ticks(browser: Browser, odd: Console) -> None:
    async with tab(browser, odd.url) as looking:
        await looking.open("/")
        counted = await looking.page.evaluate(
            """async () => {
              const place = [...document.querySelectorAll("link[rel=modulepreload]")].find(
                (link) => link.href.endsWith("/scale.js"));
              const { minutes } = await import(place.href);
              const now = 1763800000000;
              return [[0, now], [now, 2 ** 64 / 1e6], [now, now + 60000], [now, now], [now, 0]].map(
                ([low, high]) => [0, 1, 6].map((most) => minutes(low, high, most).length));
            }"""
        )

        assert max(map(max, counted)) <= 7
        assert counted[0][2] > 3
        assert counted[4] == [0, 0, 0]


async def test_an_answer_of_4xx_is_no_error_and_rates_have_one_unit(browser: Browser, odd: Console) -> None:
    async with tab(browser, odd.url) as looking:
        await looking.open("/map")
        words = await looking.words()

        assert "0% errors" in words
        assert "100%" not in words
        assert "/min" in words
        assert "/s" not in words.replace("/services", "")
        await looking.open("/traces?errors=1")
        await looking.shows("No trace fits these filters")


@pytest.mark.parametrize("width", [WIDE, NARROW])
async def test_no_name_is_wider_than_its_box_on_the_map(browser: Browser, odd: Console, width: int) -> None:
    async with tab(browser, odd.url, width=width) as looking:
        await looking.open("/map")
        await looking.page.get_by_role("link", name="WWWW", exact=False).first.wait_for()

        assert await looking.page.evaluate(STANDS_OUT) == [True, False]
        assert looking.wrong == []


async def test_a_filter_that_makes_no_sense_is_named(browser: Browser, odd: Console) -> None:
    async with tab(browser, odd.url) as looking:
        await looking.open("/traces?min_ms=abc")

        await looking.shows("the query is not what is asked for here")
        assert "min_ms must be a number" in await looking.words(".notice")


@pytest.mark.parametrize("path", ["/services/ports/", "/no/such/page"])
async def test_an_address_that_leads_nowhere_is_a_page_with_a_way_on(browser: Browser, odd: Console, path: str) -> None:
    async with tab(browser, odd.url) as looking:
        await looking.open(path)
        await looking.shows("There is nothing at this address")
        await looking.page.get_by_role("link", name="Services", exact=True).first.click()
        await looking.page.get_by_role("heading", name="Services").first.wait_for()

        assert looking.wrong[0] == f"404: {odd.url}{path}"
