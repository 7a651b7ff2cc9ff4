"""What one was told of one's orders."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Annotated

from aiohttp import web
from pydantic import ConfigDict, Field

import discovery
from discovery.web import Problem
from discovery.web.validation import Digits, Schema, read_query
from services.kit.web.stream import last_event
from services.marketplace.forms import Nothing, fields, see
from services.marketplace.live import live, part
from services.marketplace.notices import Notices
from services.marketplace.orders import Unknown
from services.marketplace.pages import RENDERER
from services.marketplace.peers import Away
from services.marketplace.visiting import VISITOR, LoggedOut, access_of, session_of

# For a page, a new token included.
LIMIT_S = 1.8


class NoticesQuery(Schema):
    """``before`` is the id of the last notification that was seen."""

    model_config = ConfigDict(extra="ignore")

    before: Annotated[int, Field(ge=1, lt=10**18), Digits] | None = None


class NewsQuery(Schema):
    """``after`` is the id of the newest notification that the page shows; 0 where it shows none."""

    model_config = ConfigDict(extra="ignore")

    after: Annotated[int, Field(ge=0, lt=10**18), Digits] = 0


async def show_all(request: web.Request) -> web.StreamResponse:
    """``GET /notifications?before=``."""
    session_of(request)
    before = read_query(request, NoticesQuery).before
    try:
        async with asyncio.timeout(LIMIT_S):
            found = await (await _notices(request)).page(before)
    except (Away, TimeoutError):
        return _away(request)
    except Unknown:
        raise LoggedOut from None
    return request.app[RENDERER].page(request, "notifications.html", whole=False, found=found, before=before)


async def follow(request: web.Request) -> web.StreamResponse:
    """``GET /notifications/live?after=``: the newest, as a part of the page, each time that there is a new one."""
    had, after = last_event(request), read_query(request, NewsQuery).after
    return await live(request, _news(request, after if had is None else had))


async def mark_read(request: web.Request) -> web.StreamResponse:
    """``POST /notifications/{id}/read``."""
    fields(request, Nothing)
    session_of(request)
    try:
        async with asyncio.timeout(LIMIT_S):
            await (await _notices(request)).mark_read(int(request.match_info["id"]))
    except (Away, TimeoutError):
        return _away(request)
    except Unknown:
        raise LoggedOut from None
    return see("/notifications")


async def _news(request: web.Request, after: int) -> AsyncGenerator[bytes, None]:
    # Where it ends, the browser comes back, and says what it had.
    with suppress(Away, Unknown, LoggedOut, Problem, TimeoutError):
        async with (await _notices(request)).coming(after) as news:
            async for newest in news:
                if newest is None:
                    yield b""
                elif newest > after:
                    async with asyncio.timeout(LIMIT_S):
                        found = await (await _notices(request)).page(None)
                    # It has all that came meanwhile, too.
                    after = max(found.newest, newest)
                    facts = {"found": found, "before": None, "visitor": request[VISITOR]}
                    yield part("notices", request.app[RENDERER].part("notices.html", **facts), after)


async def _notices(request: web.Request) -> Notices:
    return Notices(request.app[discovery.MESH], await access_of(request))


def _away(request: web.Request) -> web.Response:
    return request.app[RENDERER].page(request, "notifications-away.html", whole=False)
