"""What changes is seen without a reload, within a second of when the console knows of it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Browser

from discovery.devagent import Devagent
from tests.browser.consoles import Console, opened, reference_system
from tests.browser.tabs import Tab, tab
from tests.browser.telemetry import page_of, plain_trace, shop_trace

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

WITHIN_MS = 1000


class Agent:
    """The registry, as an operator speaks to it."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url = url
        self._session = session

    async def __call__(self, path: str, **body: Any) -> None:
        async with self._session.put(f"{self._url}/v1/agent/{path}", json=body or None) as answer:
            assert answer.status == 200, await answer.text()

    async def register(self, number: int) -> None:
        """Put an instance of ports, whose check is told how it is."""
        check = {"TTL": "60s", "Status": "passing", "Name": "ready"}
        await self("service/register", Name="ports", ID=f"ports-{number}", Port=9000 + number, Check=check)


@asynccontextmanager
async def living(folder: Path) -> AsyncIterator[tuple[Console, Agent]]:
    """A console that follows a Consul of its own."""
    async with Devagent() as agent, opened(folder, consul_url=agent.url) as console:
        yield console, Agent(agent.url, console.session)


async def is_live(watching: Tab) -> None:
    """Wait until the page hears of changes."""
    await watching.page.get_by_role("status").filter(has_text="Live").wait_for()


async def test_instances_come_change_and_go(browser: Browser, tmp_path: Path) -> None:
    async with living(tmp_path) as (console, agent), tab(browser, console.url) as watching:
        await watching.open("/?open=ports")
        await is_live(watching)

        await agent.register(1)
        await console.knows("ports", 1)
        await watching.shows("1 instance passing", WITHIN_MS)
        await agent.register(2)
        await console.knows("ports", 2)
        await watching.shows("ports-2", WITHIN_MS)

        await agent("check/fail/service:ports-2?note=no+disk+left")
        await console.turns("ports", "critical")
        await watching.shows("1 of 2 instances critical", WITHIN_MS)
        await watching.shows("no disk left", WITHIN_MS)
        await agent("check/pass/service:ports-2")
        await console.turns("ports", "passing")
        await watching.shows("2 instances passing", WITHIN_MS)

        await agent("service/maintenance/ports-1?enable=true&reason=new+disk")
        await console.turns("ports", "critical")
        await watching.shows("1 of 2 instances in maintenance", WITHIN_MS)
        await agent("service/deregister/ports-1")
        await console.knows("ports", 1)
        await watching.shows("1 instance passing", WITHIN_MS)
        assert watching.wrong == []


async def test_the_map_follows_who_is_there_and_who_calls_whom(browser: Browser, tmp_path: Path) -> None:
    async with living(tmp_path) as (console, agent), tab(browser, console.url) as watching:
        await watching.open("/map")
        await is_live(watching)
        await agent.register(1)
        await console.knows("ports", 1)
        await watching.page.get_by_role("link", name=re.compile(r"^ports\W+1 of 1 instance passing")).wait_for(
            timeout=WITHIN_MS
        )

        await console.store({"shop": shop_trace()})
        edge = watching.page.get_by_role("link", name="laptops calls ports")
        await edge.wait_for()
        assert "1 retry" in " ".join((await edge.get_attribute("aria-label") or "").split())
        assert watching.wrong == []


async def test_a_new_trace_is_announced_and_shown_when_asked_for(browser: Browser, tmp_path: Path) -> None:
    async with opened(tmp_path) as console, tab(browser, console.url) as watching:
        await console.store({"first": plain_trace("/first")})
        await watching.open("/traces")
        await is_live(watching)
        rows = watching.page.locator("a.trace-row")

        await console.store({"second": plain_trace("/second")})
        note = watching.page.get_by_role("button", name="1 new trace – show")
        await note.wait_for(timeout=WITHIN_MS)
        assert await rows.count() == 1, "nothing moves under the eyes of a reader"
        await note.click()
        await watching.counts("a.trace-row", 2)
        assert "GET /second" in await rows.first.inner_text()


async def test_an_empty_list_fills_by_itself(browser: Browser, tmp_path: Path) -> None:
    async with opened(tmp_path) as console, tab(browser, console.url) as watching:
        await watching.open("/traces")
        await watching.shows("No traces yet")
        await is_live(watching)
        await console.store({"first": plain_trace("/first")})

        await watching.page.locator("a.trace-row").wait_for(timeout=WITHIN_MS)


async def test_a_trace_that_is_looked_at_grows(browser: Browser, tmp_path: Path) -> None:
    spans = shop_trace()
    async with opened(tmp_path) as console, tab(browser, console.url) as watching:
        await console.store({"shop": spans[:6]})
        await watching.open(page_of("shop"))
        await is_live(watching)
        await watching.counts("[role=treeitem]", 6)
        await console.store({"shop": spans[6:]})

        await watching.counts("[role=treeitem]", 15)


async def test_a_page_says_when_its_console_is_gone_and_keeps_what_it_knew(browser: Browser, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        console = await stack.enter_async_context(opened(tmp_path, reference_system()))
        async with tab(browser, console.url) as watching:
            await watching.open("/")
            await is_live(watching)
            await stack.aclose()

            await watching.page.get_by_role("status").filter(has_text="Reconnecting").wait_for()
            await watching.shows("1 of 3 instances critical")
