"""What people open in a browser: Consul's own pages, the shop and the console, where they are published."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser

from launcher.demo.browser import browsing
from launcher.demo.browser_choice import find_browser
from launcher.plan import SYSTEM
from launcher.stack.stack import Stack
from tests.browser.tabs import tab
from tests.compose.probes import all_registered, status

pytestmark = [pytest.mark.engine, pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# Consul's pages, when their data has come.
LIST = ".list-collection"
# Milliseconds: they are put together in the browser, beside a whole stack on this machine.
PAGE_MS = 60_000


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    program = find_browser(os.environ)
    assert program is not None, "the marker keeps away who has none"
    async with browsing(program) as started:
        yield started


async def test_consuls_pages_show_every_service_healthy_and_its_instances(
    stack: Stack, browser: Browser, tmp_path: Path
) -> None:
    async with aiohttp.ClientSession() as session:
        ports = await all_registered(stack, session, "ports")
    async with tab(browser, await stack.url("consul-server", 8500)) as opened:
        opened.page.set_default_timeout(PAGE_MS)
        await opened.open("/ui/dc1/services", ready=LIST)
        for service, count in SYSTEM.items():
            row = opened.page.locator("li", has=opened.page.get_by_role("link", name=service, exact=True))
            await row.locator(".passing").wait_for()
            assert f"{count} instance" in " ".join((await row.inner_text()).split())
        await opened.page.screenshot(path=tmp_path / "services.png", full_page=True)

        await opened.open("/ui/dc1/services/ports/instances", ready=LIST)
        for each in ports.values():
            await opened.shows(each["ID"])
            await opened.shows(f"{each['Address']}:{each['Port']}")
        await opened.page.screenshot(path=tmp_path / "instances.png", full_page=True)
        assert opened.wrong == []


async def test_the_shop_opens_where_it_is_published(stack: Stack, browser: Browser, tmp_path: Path) -> None:
    async with tab(browser, await stack.url("gateway", 8080)) as opened:
        await opened.open("/", "main")
        await opened.page.screenshot(path=tmp_path / "shop.png", full_page=True)
        await opened.page.locator("a[href^='/laptops/']").first.click()
        await opened.shows("USB-C")
        await opened.page.screenshot(path=tmp_path / "laptop.png", full_page=True)
        assert opened.wrong == []


async def test_the_console_shows_the_whole_system_where_it_is_published(
    stack: Stack, browser: Browser, tmp_path: Path
) -> None:
    async with aiohttp.ClientSession() as session:
        assert await status(session, f"{await stack.url('gateway', 8080)}/laptops/1") == 200
    async with tab(browser, await stack.url("console", 4318)) as opened:
        await opened.open("/")
        for service in SYSTEM:
            await opened.page.get_by_role("link", name=service, exact=True).first.wait_for()
        await opened.page.screenshot(path=tmp_path / "services.png", full_page=True)
        await opened.open("/traces")
        await opened.shows("marketplace")
        await opened.page.locator("a[href^='/trace/']").first.click()
        await opened.page.wait_for_url("**/trace/*")
        await opened.page.screenshot(path=tmp_path / "trace.png", full_page=True)
        await opened.open("/map")
        await opened.page.get_by_role("group", name="Service map").wait_for()
        await opened.page.screenshot(path=tmp_path / "map.png", full_page=True)
        assert opened.wrong == []
