"""The console over HTTP: telemetry comes in, and pages, their data, and Jaeger's API go out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from sqlalchemy import Connection, text

import discovery
from discovery.web import boundary
from observability.console import data
from observability.console.answers import Answers
from observability.console.data import ANSWERS, LIVE
from observability.console.guard import HOSTS, guard, protect
from observability.console.ingest import receiving
from observability.console.ingest.codings import unheard
from observability.console.ingest.recorder import Recorder
from observability.console.jaeger.api import Jaeger
from observability.console.live.catalogue import Catalogue
from observability.console.live.live import Live
from observability.console.live.telling import tell_services, tell_traces
from observability.console.pages import Pages
from observability.console.settings import ConsoleSettings
from observability.console.store.database import Database
from observability.console.store.retention import retain

_log = logging.getLogger(__name__)

# Before a loop that failed begins anew.
_PAUSE_S = 5.0


def build(
    settings: ConsoleSettings,
    *,
    hosts: frozenset[str] = frozenset(),
    around: discovery.Surroundings | None = None,
) -> web.Application:
    """The service. *hosts* are names under which it may be reached."""
    around = around or discovery.Surroundings()
    database = Database(settings.path, around.clock)
    recorder = Recorder(database, around.clock, settings.keep_hours * 3600)
    app = web.Application(middlewares=[boundary, guard])
    app.on_response_prepare.append(protect)
    app[HOSTS] = hosts
    app[discovery.READINESS] = readiness = discovery.Readiness()
    # Not vital: the registry's part of the pages goes on without it.
    readiness.add("database", lambda: database.read(_answers), vital=False)
    receiving.add_routes(app, recorder)
    data.add_routes(app)
    Jaeger(database, around).add_routes(app)
    Pages().add_routes(app)

    async def running(app: web.Application) -> AsyncIterator[None]:
        catalogue = Catalogue(app[discovery.MESH], around)
        app[LIVE] = live = Live(around)
        app[ANSWERS] = answers = Answers(settings, database, recorder, catalogue, around)
        async with (
            database,
            _loop("catalogue", catalogue.follow, around),
            _loop("services", lambda: tell_services(live, catalogue, answers, around), around),
            _loop("traces", lambda: tell_traces(live, recorder, answers, around), around),
            _loop("retention", lambda: retain(database, settings, around.clock), around),
            _loop("goodbye", lambda: _say_goodbye(live, app[discovery.LEAVING]), around),
        ):
            with unheard():
                yield

    app.cleanup_ctx.append(running)
    return app


def _answers(connection: Connection) -> None:
    connection.execute(text("SELECT 1"))


async def _say_goodbye(live: Live, leaving: asyncio.Event) -> None:
    await leaving.wait()
    live.close()


@asynccontextmanager
async def _loop(
    name: str, loop: Callable[[], Coroutine[Any, Any, None]], around: discovery.Surroundings
) -> AsyncIterator[None]:
    """Run *loop* while the block lasts, until it is cancelled; if it fails, the log says so, and it begins anew."""

    async def watched() -> None:
        while True:
            try:
                return await loop()
            except Exception:  # noqa: BLE001 - whatever it was, pages that go on without it would show what is past
                _log.exception("the loop %r of the console failed, and begins anew", name)
                await around.clock.sleep(_PAUSE_S)

    task = asyncio.create_task(watched(), name=name)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
