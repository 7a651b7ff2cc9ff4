"""What somebody was told of his orders is shown, marked as read, and missing in words while it cannot be had."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

import discovery
from services.marketplace import live, notice_pages
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


async def test_a_page_that_is_open_shows_what_comes(registry: discovery.StaticRegistry, tmp_path: Path) -> None:
    asked: list[str] = []

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        asked.append(request.raw_path)
        if request.path == "/notifications/live":
            assert request.headers["Accept"] == "text/event-stream"
            stream = "id: 1\n\n: still here\n\nid: 2\nevent: notification\ndata: {}\n\n"
            return web.Response(text=stream, content_type="text/event-stream")
        return web.json_response([OLDER] if len(asked) == 1 else [NOTICE, OLDER])

    async with market(registry, tmp_path) as there, behind(registry, "notifications", answer):
        ada = there.someone()
        await ada.sign_up()
        page = await ada.open("/notifications")
        assert "Your order 12 is confirmed" not in page.text
        (place,) = [each["data-live"] for _, each in page.elements if "data-live" in each]
        came = await ada.ask("GET", place, headers={"Accept": "text/event-stream"})

    assert came.headers["Content-Type"] == "text/event-stream"
    _, sign, news = came.text.rstrip("\n").split("\n\n")
    assert sign.startswith(":")
    assert news.startswith("id: 2\nevent: notices\ndata: ")
    assert "Your order 12 is confirmed</bdi>" in news
    assert "It is &lt;paid&gt;." in news
    assert asked == ["/notifications?limit=20", "/notifications/live?after=1", "/notifications?limit=20"]


async def test_what_comes_in_a_burst_is_shown_once_and_a_browser_that_comes_back_has_it(
    registry: discovery.StaticRegistry, tmp_path: Path
) -> None:
    asked: list[str] = []

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        asked.append(request.raw_path)
        if request.path == "/notifications/live":
            news = "".join(f"id: {number}\nevent: notification\ndata: {{}}\n\n" for number in range(2, 50))
            return web.Response(text=news, content_type="text/event-stream")
        return web.json_response([NOTICE | {"id": 48}, OLDER])

    async with market(registry, tmp_path) as there, behind(registry, "notifications", answer):
        ada = there.someone()
        await ada.sign_up()
        events = {"Accept": "text/event-stream"}
        came = await ada.ask("GET", "/notifications/live?after=1", headers=events)
        again = await ada.ask("GET", "/notifications/live?after=1", headers={**events, "Last-Event-ID": "49"})

    assert came.text.count("event: notices") == 2, "48 at once, and the one that came after these"
    assert "id: 49\n" in came.text
    assert again.text.count("event: notices") == 0
    lists = ["/notifications?limit=20"] * 2
    assert asked == ["/notifications/live?after=1", *lists, "/notifications/live?after=49"]


async def test_while_the_news_cannot_be_read_the_stream_ends_for_the_browser_to_ask_again(
    registry: discovery.StaticRegistry, tmp_path: Path
) -> None:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/notifications/live":
            news = "id: 2\nevent: notification\ndata: {}\n\n: still here\n\n"
            return web.Response(text=news, content_type="text/event-stream")
        return web.json_response({}, status=503)

    async with market(registry, tmp_path) as there, behind(registry, "notifications", answer):
        ada = there.someone()
        await ada.sign_up()
        came = await ada.ask("GET", "/notifications/live?after=1", headers={"Accept": "text/event-stream"})

    assert came.text == "retry: 2000\n\n", "a sign of life would have it wait for what has come already"


@pytest.mark.parametrize("status", [401, 404, 503])
async def test_a_stream_that_cannot_be_had_ends_and_the_browser_comes_back(
    registry: discovery.StaticRegistry, tmp_path: Path, status: int
) -> None:
    async with market(registry, tmp_path) as there, behind(registry, "notifications", says({}, status)):
        ada = there.someone()
        await ada.sign_up()
        came = await ada.ask("GET", "/notifications/live", headers={"Accept": "text/event-stream"})

    assert (came.status, came.text) == (200, "retry: 2000\n\n")


async def test_as_many_pages_are_live_as_there_is_room_for(
    registry: discovery.StaticRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "STREAMS_MAX", 0)
    async with market(registry, tmp_path) as there:
        ada = there.someone()
        await ada.sign_up()
        answer = await ada.ask("GET", "/notifications/live", headers={"Accept": "text/event-stream"})
        assert answer.status == 429


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
