"""One browser and one furnished console for all these tests, which share one event loop.

Whoever changes anything starts a console of their own; what is here is only looked at.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from launcher.demo.browser import browsing
from launcher.demo.browser_choice import find_browser
from tests.browser.consoles import Console, furnished


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A browser without a window."""
    program = find_browser(os.environ)
    assert program is not None, "the marker keeps away who has none"
    async with browsing(program) as started:
        yield started


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def console(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Console]:
    """A console with the sample system in it, and a few traces; not to be changed."""
    async with furnished(tmp_path_factory.mktemp("console")) as opened:
        yield opened
