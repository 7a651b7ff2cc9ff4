"""A part of a page that changes while it is open is heard, leaves the focus where it was, and costs nothing hidden."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Browser

import discovery
from services.marketplace import notice_pages
from tests.browser.tabs import Tab, tab
from tests.services.marketplace.market import market
from tests.services.marketplace.patience import patient
from tests.services.support import behind

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

HIDE = """hidden => {
    Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
    document.dispatchEvent(new Event("visibilitychange"));
}"""


@dataclass
class Notices:
    """The notifications service, which tells what it is given: ``await notices.tell("Your order 2 is confirmed")``."""

    told: list[dict[str, Any]] = field(default_factory=list)
    listening: int = 0
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def tell(self, title: str) -> None:
        async with self.changed:
            number = len(self.told) + 1
            notice = {"id": number, "order": number, "about": "placed", "title": title, "text": "", "read": False}
            self.told.insert(0, notice | {"at_s": 1_700_000_000.0})
            self.changed.notify_all()

    async def heard_by(self, listeners: int) -> None:
        """Wait until so many listen."""
        async with self.changed, asyncio.timeout(15):
            await self.changed.wait_for(lambda: self.listening == listeners)

    async def _turn(self, listeners: int) -> None:
        async with self.changed:
            self.listening += listeners
            self.changed.notify_all()

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path != "/notifications/live":
            return web.json_response(self.told)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        reached = int(request.query["after"])
        await self._turn(1)
        try:
            while True:
                async with self.changed:
                    while len(self.told) <= reached:
                        await self.changed.wait()
                reached = len(self.told)
                await response.write(b"id: %d\nevent: notification\ndata: {}\n\n" % reached)
        finally:
            await asyncio.shield(self._turn(-1))


@asynccontextmanager
async def reading(
    browser: Browser, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Tab, Notices]]:
    """Somebody who has opened the notifications, of which there is one."""
    patient(monkeypatch)
    monkeypatch.setattr(notice_pages, "LIMIT_S", 10.0)
    registry, notices = discovery.StaticRegistry(), Notices()
    await notices.tell("We have your order 1")
    async with (
        market(registry, folder) as there,
        behind(registry, "notifications", notices),
        tab(browser, f"http://{there.shop.address}") as opened,
    ):
        await opened.open("/signup?next=/notifications", "main")
        await opened.page.get_by_label("Email").fill("ada@example.org")
        await opened.page.get_by_label("Password").fill("correct horse")
        await opened.page.get_by_role("button", name="Sign up").click()
        await opened.shows("We have your order 1")
        await notices.heard_by(1)
        yield opened, notices
        assert opened.wrong == []


async def test_what_is_new_is_said_alone_and_the_focus_stays_where_it_was(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with reading(browser, tmp_path, monkeypatch) as (opened, notices):
        button = opened.page.get_by_role("button", name="Mark as read We have your order 1")
        await button.focus()
        await notices.tell("Your order 2 is confirmed")
        await opened.shows("Your order 2 is confirmed")
        said = " ".join((await opened.page.get_by_role("status").inner_text()).split())
        assert said == "Your order 2 is confirmed new"
        assert await button.evaluate("button => button === document.activeElement")
        assert await opened.barriers() == []


async def test_a_page_that_nobody_looks_at_is_not_live_and_has_what_it_missed_when_somebody_does(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with reading(browser, tmp_path, monkeypatch) as (opened, notices):
        await opened.page.evaluate(HIDE, True)
        await notices.tell("Your order 2 is confirmed")
        await notices.heard_by(0)
        await opened.page.evaluate(HIDE, False)
        await opened.shows("Your order 2 is confirmed")
        await notices.heard_by(1)
