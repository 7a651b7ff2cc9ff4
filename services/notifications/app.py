"""The notifications over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web

from discovery.web import Problem
from services.kit.data.records import Samples
from services.kit.service import Service
from services.kit.web.route import AROUND, DATABASE, EVENT_STREAM, Asked, Reply, Route
from services.kit.web.stream import event, last_event, position, stream
from services.notifications import store
from services.notifications.bell import EVERY_S, Bell
from services.notifications.events import TAKES
from services.notifications.model import LiveQuery, Notification, NotificationQuery
from services.notifications.tables import NOTIFICATIONS, sample

BELL = web.AppKey("bell", Bell)

# Nothing between keeps what is only for one.
_PRIVATE = {"Cache-Control": "no-store"}
# How many are read at once for somebody who was away.
_AT_ONCE = 100
# Proxies and browsers give up connections on which nothing comes.
_SIGN_OF_LIFE_S = 15.0


async def list_notifications(asked: Asked[None, NotificationQuery]) -> Reply:
    """List what one was told, the newest first."""
    query = asked.query
    work = partial(store.page, customer=_whose(asked), before=query.before, most=query.limit + 1, unread=query.unread)
    found = await asked.database.read(work)
    shown = found[: query.limit]
    if len(found) == len(shown):
        return Reply(shown, headers=_PRIVATE)
    following = asked.request.rel_url.update_query(before=shown[-1].id).raw_path_qs
    return Reply(shown, headers={"Link": f'<{following}>; rel="next"', **_PRIVATE})


async def mark_read(asked: Asked[None, None]) -> Reply:
    """Remember that one of them was read."""
    work = partial(store.mark_read, id=asked.id, customer=_whose(asked))
    if (found := await asked.database.write(work)) is None:
        raise Problem(404, "there is no such notification")
    return Reply(found, headers=_PRIVATE)


async def follow(asked: Asked[None, LiveQuery]) -> web.StreamResponse:
    """Be told one's own as they come, as server-sent events."""
    had = last_event(asked.request)
    after = asked.query.after if had is None else had
    with asked.request.app[BELL].listening(_whose(asked)) as rung:
        newest = await asked.database.read(store.newest)
        # A database that was restored gives ids again.
        reached = newest if after is None else min(after, newest)
        return await stream(asked.request, _news(asked, rung, reached))


async def _news(asked: Asked[None, LiveQuery], rung: asyncio.Event, reached: int) -> AsyncGenerator[bytes, None]:
    clock = asked.request.app[AROUND].clock
    yield position(reached)
    while True:
        rung.clear()
        work = partial(store.since, customer=_whose(asked), after=reached, most=_AT_ONCE)
        try:
            found = await asked.database.read(work)
        except Problem:  # of the database, which may be back in a moment: who left would not know when to return
            await clock.sleep(EVERY_S)
            rung.set()
            found = []
        for each in found:
            yield event("notification", each.id, each)
            reached = each.id
        if len(found) < _AT_ONCE:
            try:
                async with clock.timeout(_SIGN_OF_LIFE_S):
                    await rung.wait()
            except TimeoutError:
                yield b""


def _whose(asked: Asked[Any, Any]) -> str | None:
    """Whose notifications the caller sees; None: everybody's, where nobody is asked who he is."""
    return asked.caller.subject if asked.caller else None


async def ringing(app: web.Application) -> AsyncIterator[None]:
    """Look for news while somebody listens."""
    app[BELL] = bell = Bell(app[DATABASE], app[AROUND])
    task = asyncio.create_task(bell.forever())
    yield
    task.cancel()
    await asyncio.wait([task])


ROUTES = (
    Route(
        *("GET", "/notifications", list_notifications),
        answers={200: list[Notification]},
        query=NotificationQuery,
        scope="customer",
    ),
    Route("PUT", "/notifications/{id}/read", mark_read, answers={200: Notification}, scope="customer"),
    Route(
        *("GET", "/notifications/live", follow),
        answers={200: EVENT_STREAM},
        query=LiveQuery,
        scope="customer",
        refuses=(406, 429),
    ),
)
SERVICE = Service(
    "notifications",
    port=5007,
    api="1.0.0",
    home=Path(__file__).parent,
    routes=ROUTES,
    samples=Samples(NOTIFICATIONS, sample).add,
    while_running=(ringing,),
    takes=TAKES,
)
