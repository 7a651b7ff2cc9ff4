"""A tab of a browser, and everything that is wrong with what it shows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]  # it comes without types
from playwright.async_api import Browser, ConsoleMessage, Locator, Page, Request, Response

WIDE: Final = 1280
NARROW: Final = 400

# What an injected script would call leaves a trace instead of opening a window.
_TELLTALE = """
window.__refused = [];
document.addEventListener("securitypolicyviolation", (event) => window.__refused.push(event.blockedURI));
for (const name of ["alert", "confirm", "prompt"]) window[name] = () => { window.__owned = name; };
"""
_WRONG_IMPACTS = frozenset({"serious", "critical"})
_NEXT_FRAME = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
_SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


class Tab:
    """A page of the server at *origin*. ``wrong`` is what the browser complained about so far."""

    def __init__(self, page: Page, origin: str) -> None:
        self.page = page
        self.wrong: list[str] = []
        self.origin = origin
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("request", self._asked)
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)

    async def open(self, path: str, ready: str = "html[data-ready]") -> None:
        """Go to *path*, and wait until its first data is there."""
        await self.page.goto(f"{self.origin}{path}", wait_until="load")
        await self.page.wait_for_selector(ready, state="attached")

    async def reload(self) -> None:
        """The same address anew."""
        await self.page.reload(wait_until="load")
        await self.page.wait_for_selector("html[data-ready]", state="attached")

    async def resize(self, width: int) -> None:
        """Make the window so wide, and wait until the page has been laid out anew."""
        await self.page.set_viewport_size({"width": width, "height": 800})
        await self.page.evaluate(_NEXT_FRAME)

    async def darken(self, dark: bool) -> None:
        """Change what the system prefers."""
        await self.page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="reduce")
        await self.page.evaluate(_NEXT_FRAME)

    async def press(self, *keys: str) -> None:
        """Press keys, one after the other, no faster than the page is drawn."""
        for key in keys:
            await self.page.keyboard.press(key)
            await self.page.evaluate(_NEXT_FRAME)

    @property
    def path(self) -> str:
        """The address without its origin."""
        return self.page.url.removeprefix(self.origin)

    async def arrives(self, path: str) -> None:
        """Wait until that is the address."""
        await self.page.wait_for_function("wanted => location.href === wanted", arg=f"{self.origin}{path}")

    async def counts(self, selector: str, number: int) -> None:
        """Wait until so many elements fit *selector*."""
        await self.page.wait_for_function(
            "([selector, number]) => document.querySelectorAll(selector).length === number", arg=[selector, number]
        )

    async def shows(self, text: str, within_ms: float | None = None) -> Locator:
        """Wait until *text* can be read somewhere."""
        found = self.page.get_by_text(text).filter(visible=True).first
        await found.wait_for(state="visible", timeout=within_ms)
        return found

    async def words(self, selector: str = "main") -> str:
        """What can be read there, on one line; the blanks that keep numbers and units together are plain ones."""
        return " ".join((await self.page.inner_text(selector)).split())

    async def sideways(self) -> int:
        """By how many pixels the page is too wide for its window."""
        excess: int = await self.page.evaluate(_SIDEWAYS)
        return excess

    async def intruded(self) -> Any:
        """What a stranger's text managed to do, or was kept from doing."""
        return await self.page.evaluate("[window.__owned ?? '', ...window.__refused]")

    async def barriers(self) -> list[str]:
        """What axe finds that keeps people out, seriously or worse."""
        found = await Axe().run(self.page)
        return [
            f"{violation['id']}: {node['target']} {node['failureSummary']}"
            for violation in found.response["violations"]
            if violation["impact"] in _WRONG_IMPACTS
            for node in violation["nodes"]
        ]

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.wrong.append(f"{message.type}: {message.text}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith(self.origin):
            self.wrong.append(f"asked elsewhere: {request.url}")

    def _failed(self, request: Request) -> None:
        # What a page itself gives up, such as its live connection when it is left, is no failure.
        if request.failure != "net::ERR_ABORTED":
            self.wrong.append(f"failed: {request.url} {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.wrong.append(f"{response.status}: {response.url}")


@asynccontextmanager
async def tab(
    browser: Browser, origin: str, *, width: int = WIDE, dark: bool = False, script: bool = True
) -> AsyncIterator[Tab]:
    """A fresh tab, with nothing remembered, for the length of the block."""
    context = await browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
        java_script_enabled=script,
    )
    try:
        # Slow only for machines that are; nothing here takes a tenth of it.
        context.set_default_timeout(15_000)
        await context.add_init_script(_TELLTALE)
        yield Tab(await context.new_page(), origin)
    finally:
        await context.close()
