"""The console over HTTP: telemetry comes in, and pages, their data, and Jaeger's API go out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from sqlalchemy import Connection, text

import discovery
from services.console import data
from services.console.answers import Answers
from services.console.data import ANSWERS, LIVE
from services.console.guard import HOSTS, guard, protect
from services.console.ingest import receiving
from services.console.ingest.recorder import Recorder
from services.console.jaeger.api import Jaeger
from services.console.live.catalogue import Catalogue
from services.console.live.live import Live
from services.console.live.telling import tell_services, tell_traces
from services.console.pages import Pages
from services.console.settings import ConsoleSettings
from services.console.store.database import Database
from services.console.store.retention import retain
from services.kit.boundary import boundary

_log = logging.getLogger(__name__)


def build(
    settings: ConsoleSettings,
    *,
    hosts: frozenset[str] = frozenset(),
    around: discovery.Surroundings | None = None,
) -> web.Application:
    """The service. *hosts* are names under which it may be reached."""
    around = around or discovery.Surroundings()
    database = Database(settings.path, around.clock)
    recorder = Recorder(database)
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
            _loop("catalogue", catalogue.follow()),
            _loop("services", tell_services(live, catalogue, answers, around)),
            _loop("traces", tell_traces(live, recorder, answers, around)),
            _loop("retention", retain(database, settings, around.clock)),
            _loop("goodbye", _say_goodbye(live, app[discovery.LEAVING])),
        ):
            yield

    app.cleanup_ctx.append(running)
    return app


def _answers(connection: Connection) -> None:
    connection.execute(text("SELECT 1"))


async def _say_goodbye(live: Live, leaving: asyncio.Event) -> None:
    await leaving.wait()
    live.close()


@asynccontextmanager
async def _loop(name: str, loop: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run *loop* while the block lasts. It ends by being cancelled; if it fails before, the log says so at once."""

    async def watched() -> None:
        try:
            await loop
        except Exception:
            _log.critical("the loop %r of the console died", name, exc_info=True)
            raise

    task = asyncio.create_task(watched(), name=name)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
