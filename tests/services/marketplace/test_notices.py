"""What somebody was told of his orders is shown, marked as read, and missing in words while it cannot be had."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

import discovery
from services.marketplace import notice_pages
from tests.services.marketplace.market import market
from tests.services.marketplace.shop import says
from tests.services.support import behind

NOTICE: dict[str, Any] = {
    "id": 2,
    "order": 12,
    "about": "confirmed",
    "read": False,
    "at_s": 1_700_000_000.5,
    "title": "Your order 12 is confirmed",
    "text": "It is <paid>.",
}
OLDER = NOTICE | {"id": 1, "about": "placed", "title": "Your order 12 is placed", "text": "", "read": True}
# As shipped.
LIMIT_S = notice_pages.LIMIT_S


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notice_pages, "LIMIT_S", 10.0)


async def test_the_newest_is_first_and_says_that_it_is_new_until_it_is_read(
    registry: discovery.StaticRegistry, tmp_path: Path
) -> None:
    asked: list[tuple[str, str]] = []

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        asked.append((request.method, request.raw_path))
        assert request.headers["Authorization"].startswith("Bearer ")
        if request.method == "PUT":
            return web.json_response(NOTICE | {"read": True})
        return web.json_response([NOTICE, OLDER], headers={"Link": '</notifications?before=1>; rel="next"'})

    async with market(registry, tmp_path) as there, behind(registry, "notifications", answer):
        ada = there.someone()
        await ada.sign_up()
        page = await ada.open("/notifications")
        assert "Your order 12 is confirmed new It is <paid>. 14 November 2023, 22:13 UTC Mark as read" in page.text
        assert [link for link in page.links if link.startswith(("/orders/", "/notifications?"))] == [
            *("/orders/12", "/orders/12", "/notifications?before=1"),
        ]
        assert [action for action in page.forms if "/read" in action] == ["/notifications/2/read"]
        await ada.send("/notifications/2/read")
        await ada.open("/notifications?before=1")

    listing = ("GET", "/notifications?limit=20")
    assert asked == [listing, ("PUT", "/notifications/2/read"), listing, ("GET", "/notifications?limit=20&before=1")]


async def test_who_is_not_logged_in_is_asked_to(registry: discovery.StaticRegistry, tmp_path: Path) -> None:
    async with market(registry, tmp_path) as there:
        answer = await there.someone().ask("GET", "/notifications")
        assert (answer.status, answer.headers["Location"]) == (303, "/login?next=/notifications")


async def hang(request: web.BaseRequest) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


async def test_without_them_the_page_says_so(
    registry: discovery.StaticRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with market(registry, tmp_path) as there:
        ada = there.someone()
        await ada.sign_up()
        monkeypatch.setattr(notice_pages, "LIMIT_S", 0.3)
        for answer in (says({}, 503), says({"a": 1}), says([], 429), hang):
            async with behind(registry, "notifications", answer):
                page = await ada.open("/notifications")
                assert page.answer.status == 200
                assert "What you were told cannot be shown at the moment." in page.text


def test_nobody_waits_for_more_than_two_seconds() -> None:
    assert LIMIT_S < 2
