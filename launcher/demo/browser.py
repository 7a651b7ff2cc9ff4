"""A browser without a window, for the tests that look at pages and for the pictures in the documentation."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.async_api import Browser

# It shall do nothing by itself: no updates, no accounts, no first steps.
_QUIET = (
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"),
    *("--disable-gpu", "--disable-quic", "--hide-scrollbars", "--font-render-hinting=none"),
)


@asynccontextmanager
async def browsing(program: Path) -> AsyncIterator[Browser]:
    """The browser, without a window, for the length of the block."""
    # Only now: a third of a second, which the demonstration need not wait for.
    from playwright.async_api import async_playwright  # noqa: PLC0415

    # Chromium's sandbox refuses to work for root.
    arguments = [*_QUIET, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=arguments)
        try:
            yield browser
        finally:
            await browser.close()
