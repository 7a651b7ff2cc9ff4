"""The site of the documentation in a browser: every page loads from its own server alone, fits, and can be read."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from launcher.documentation import build_site
from tests.browser.tabs import NARROW, WIDE, tab

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# Where the theme says that it is there.
_READY = "body[data-md-color-scheme]"


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The site, on loopback; yields its address."""
    folder = tmp_path_factory.mktemp("documents") / "site"
    assert build_site(folder) == []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def pages() -> list[str]:
    """The pages of the folder of documents."""
    docs = Path(__file__).resolve().parents[2] / "docs"
    return sorted(str(path.relative_to(docs).with_suffix(".html")) for path in docs.rglob("*.md"))


@pytest.mark.parametrize("page", pages())
async def test_a_page_fits_its_window_and_asks_nobody_else(browser: Browser, site: str, page: str) -> None:
    async with tab(browser, site, width=NARROW, dark=True) as opened:
        await opened.open(page, _READY)
        assert await opened.sideways() <= 0
        await opened.resize(WIDE)
        assert await opened.sideways() <= 0
        assert opened.wrong == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("page", ["index.html", "settings.html", "api/nouns.html"])
async def test_nobody_is_kept_out(browser: Browser, site: str, page: str, theme: str) -> None:
    async with tab(browser, site, dark=theme == "dark") as opened:
        await opened.open(page, _READY)
        assert await opened.barriers() == []


async def test_a_search_leads_to_what_it_found(browser: Browser, site: str) -> None:
    async with tab(browser, site) as opened:
        await opened.open("index.html", _READY)
        await opened.page.keyboard.press("/")
        await opened.page.keyboard.type("MESH_ADVERTISE")
        await opened.page.locator('.md-search-result__link[href*="settings.html"]').first.click()
        await opened.page.wait_for_url("**/settings.html*")
        assert opened.wrong == []
