"""``/data`` over HTTP, for the page and for anybody with curl."""

from __future__ import annotations

from contextlib import suppress

from aiohttp import web

from discovery.web import Problem
from discovery.web.validation import read_query
from observability.console.answers import Answers
from observability.console.live.live import Live
from observability.console.reading.query import MapQuery, MetricsQuery, TracesQuery

ANSWERS = web.AppKey("ANSWERS", Answers)
LIVE = web.AppKey("LIVE", Live)


def add_routes(app: web.Application) -> None:
    """Answer everything below ``/data``, from what stands at :data:`ANSWERS` and :data:`LIVE` when the app runs."""
    app.router.add_get("/data/services", services)
    app.router.add_get("/data/traces", traces)
    app.router.add_get("/data/traces/{id:[0-9a-fA-F]{32}}", trace)
    app.router.add_get("/data/map", service_map)
    app.router.add_get("/data/metrics", metrics)
    app.router.add_get("/data/status", status)
    app.router.add_get("/data/live", live, allow_head=False)


async def services(request: web.Request) -> web.Response:
    """``GET /data/services``."""
    return _json(await request.app[ANSWERS].services())


async def traces(request: web.Request) -> web.Response:
    """``GET /data/traces?service=&route=&errors=1&min_ms=&q=&minutes=&before=&limit=50``."""
    return _json(await request.app[ANSWERS].traces(read_query(request, TracesQuery)))


async def trace(request: web.Request) -> web.Response:
    """``GET /data/traces/{id}``."""
    return _json(await request.app[ANSWERS].trace(bytes.fromhex(request.match_info["id"])))


async def service_map(request: web.Request) -> web.Response:
    """``GET /data/map?minutes=15``."""
    return _json(await request.app[ANSWERS].map(read_query(request, MapQuery)))


async def metrics(request: web.Request) -> web.Response:
    """``GET /data/metrics?service=ports``."""
    return _json(await request.app[ANSWERS].metrics(read_query(request, MetricsQuery)))


async def status(request: web.Request) -> web.Response:
    """``GET /data/status``."""
    return _json(await request.app[ANSWERS].status())


async def live(request: web.Request) -> web.StreamResponse:
    """``GET /data/live``: what there is, and then whatever changes."""
    answers = request.app[ANSWERS]

    async def first() -> dict[str, str]:
        found = {"services": await answers.services()}
        with suppress(Problem):  # the database is away; the registry may not be
            found["traces"] = await answers.news()
        return found

    return await request.app[LIVE].stream(request, first)


def _json(text: str) -> web.Response:
    return web.Response(text=text, content_type="application/json")
